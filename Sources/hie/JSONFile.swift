import ExchangeCore
import JSON

/// JSON files named on the command line.
enum JSONFile {
    /// The value of a file, or of stdin for `-`; where it is wrong is said.
    static func read(_ path: String) throws(CommandFailure) -> JSONValue {
        let bytes = try LocalFile.read(path, atMost: 16 << 20)
        do {
            return try JSONReader.read(bytes)
        } catch {
            throw CommandFailure(
                .failed, "\(path == "-" ? "stdin" : path) is not JSON: \(error.message) (byte \(error.offset))",
                hint: "correct the file")
        }
    }
}
