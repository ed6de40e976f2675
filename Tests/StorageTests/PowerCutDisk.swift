import ExchangeCore
import Foundation
import Simulation
import Storage
import Synchronization

/// A disk with a cache that a power cut empties: what was synced is there after it, and of the rest any sectors of any write,
/// in any order, or none.
///
/// The real files play the cache; what would be durable is kept beside them. A sync that fails drops the writes it covered
/// for good, as Linux does: they still read back, and no later sync makes them durable.
final class PowerCutDisk: Sendable {
    /// What the disk does wrong, by the number of the call.
    struct Plan {
        /// The call at which the power goes; none later goes through.
        var cutAt: Int?
        /// The sync that fails once.
        var failedSync: Int?
        /// Says that it synced, and did not: the control that must be found out.
        var lies = false
    }

    private enum Pending {
        case write(at: Int, [UInt8])
        case length(Int)
        case atLeast(Int)
    }

    private struct State {
        var random: SplitMix64
        var plan = Plan()
        var calls = 0
        var syncs = 0
        var isCut = false
        var durable: [UInt64: [UInt8]] = [:]
        var pending: [UInt64: [Pending]] = [:]
        var names: [String: UInt64] = [:]
        var image: [String: [UInt8]] = [:]
        /// Keeps every file that was ever seen from giving its number to another.
        var held: [UInt64: Int32] = [:]
    }

    private static let sector = 512
    private let folder: String
    private let state: Mutex<State>

    /// A disk under one folder, whose files as they are now are durable.
    init(_ folder: String, seed: UInt64) {
        self.folder = folder
        state = Mutex(State(random: SplitMix64(seed: seed)))
        state.withLock { state in
            state.names = Self.list(folder)
            for (name, file) in state.names {
                state.durable[file] = Self.bytes(folder + "/" + name)
                state.held[file] = open(folder + "/" + name, O_RDONLY | O_CLOEXEC)
            }
        }
    }

    deinit { for file in state.withLock({ $0.held.values }) { close(file) } }

    /// Sets what goes wrong, counted from now.
    func arm(_ plan: Plan) {
        state.withLock { state in
            state.plan = plan
            state.calls = 0
            state.syncs = 0
        }
    }

    /// How many calls there were since it was armed.
    var calls: Int { state.withLock { $0.calls } }

    var fileCalls: FileCalls {
        var calls = FileCalls(
            write: { file, bytes, count, at in self.write(file, Array(UnsafeRawBufferPointer(start: bytes, count: count)), at) },
            sync: { self.sync($0) }, syncFolder: { _ in self.syncFolder() })
        calls.truncate = { file, length in
            self.change(file, .length(length)) { ftruncate(file, off_t(length)) }
        }
        calls.allocate = { file, length in
            self.change(file, .atLeast(length)) { posix_fallocate(file, 0, off_t(length)) } == 0 ? 0 : EIO
        }
        return calls
    }

    /// Cuts the power now, unless it is gone already, and puts what the disk holds into another folder.
    func cut(into other: JournalFolder) throws {
        let image = state.withLock { state in
            if !state.isCut { Self.cut(&state, folder) }
            return state.image
        }
        for (name, bytes) in image where name != "lock" { try other.put(bytes, name) }
    }

    private func write(_ file: Int32, _ bytes: [UInt8], _ at: Int) -> Int {
        let done = change(file, .write(at: at, bytes)) { Int32(pwrite(file, bytes, bytes.count, off_t(at))) }
        return Int(done)
    }

    /// A change that stands in the cache only until the file is synced; the power may go while it is on its way.
    private func change(_ file: Int32, _ pending: Pending, _ real: () -> Int32) -> Int32 {
        state.withLock { state in
            guard !state.isCut else { return Self.refuse() }
            let number = Self.number(file)
            if state.held[number] == nil { state.held[number] = dup(file) }
            state.pending[number, default: []].append(pending)
            Self.count(&state, folder)
            return state.isCut ? Self.refuse() : real()
        }
    }

    private func sync(_ file: Int32) -> Int32 {
        state.withLock { state in
            guard !state.isCut else { return Self.refuse() }
            state.syncs += 1
            let number = Self.number(file)
            let fails = state.plan.failedSync == state.syncs
            if fails {
                // What it covered may have reached the disk in parts, and is never written again by itself.
                Self.settle(number, &state, Self.chance(&state))
                return Self.refuse()
            }
            Self.count(&state, folder)
            guard !state.isCut else { return Self.refuse() }
            if !state.plan.lies { Self.settle(number, &state, 1) }
            return 0
        }
    }

    private func syncFolder() -> Int32 {
        state.withLock { state in
            guard !state.isCut else { return Self.refuse() }
            Self.count(&state, folder)
            guard !state.isCut else { return Self.refuse() }
            if !state.plan.lies { state.names = Self.list(folder) }
            return 0
        }
    }

    private static func refuse() -> Int32 {
        errno = EIO
        return -1
    }

    private static func count(_ state: inout State, _ folder: String) {
        state.calls += 1
        if state.calls == state.plan.cutAt { cut(&state, folder) }
    }

    private static func chance(_ state: inout State) -> Double {
        [0, 0.25, 0.5, 0.9, 1].randomElement(using: &state.random) ?? 0
    }

    /// Names that changed since the folder was synced are old or new, each by itself; files keep what was synced and any
    /// sectors of the rest.
    private static func cut(_ state: inout State, _ folder: String) {
        state.isCut = true
        let now = list(folder)
        for number in state.pending.keys.sorted() { settle(number, &state, chance(&state)) }
        for name in Set(state.names.keys).union(now.keys).sorted() {
            let (old, new) = (state.names[name], now[name])
            let chosen = old == new || Bool.random(using: &state.random) ? new : old
            if let chosen { state.image[name] = state.durable[chosen] ?? [] }
        }
    }

    /// Makes a file's pending changes durable, each sector with that chance, now and then in another order.
    private static func settle(_ file: UInt64, _ state: inout State, _ chance: Double) {
        var changes = state.pending.removeValue(forKey: file) ?? []
        if chance < 1, Int.random(in: 0..<4, using: &state.random) == 0 { changes.shuffle(using: &state.random) }
        var bytes = state.durable[file] ?? []
        for change in changes {
            switch change {
            case .length(let length):
                guard Double.random(in: 0..<1, using: &state.random) < chance else { continue }
                bytes = Array(bytes.prefix(length)) + [UInt8](repeating: 0, count: max(0, length - bytes.count))
            case .atLeast(let length):
                guard Double.random(in: 0..<1, using: &state.random) < chance else { continue }
                bytes += [UInt8](repeating: 0, count: max(0, length - bytes.count))
            case .write(let at, let written):
                var start = at
                while start < at + written.count {
                    let end = min(at + written.count, (start / sector + 1) * sector)
                    if Double.random(in: 0..<1, using: &state.random) < chance {
                        bytes += [UInt8](repeating: 0, count: max(0, end - bytes.count))
                        bytes.replaceSubrange(start..<end, with: written[(start - at)..<(end - at)])
                    }
                    start = end
                }
            }
        }
        state.durable[file] = bytes
    }

    private static func number(_ file: Int32) -> UInt64 {
        var found = stat()
        return fstat(file, &found) == 0 ? UInt64(found.st_ino) : 0
    }

    private static func list(_ folder: String) -> [String: UInt64] {
        var names: [String: UInt64] = [:]
        for name in (try? FileManager.default.contentsOfDirectory(atPath: folder)) ?? [] {
            var found = stat()
            if stat(folder + "/" + name, &found) == 0 { names[name] = UInt64(found.st_ino) }
        }
        return names
    }

    private static func bytes(_ path: String) -> [UInt8] {
        FileManager.default.contents(atPath: path).map { [UInt8]($0) } ?? []
    }
}
