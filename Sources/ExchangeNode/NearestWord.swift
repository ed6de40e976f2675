/// Which known word somebody meant: the nearest by letters left out, put in or changed, when it is near enough.
enum NearestWord {
    /// The nearest word; nil when none is within a third of the word's length.
    static func of(_ word: String, among known: some Sequence<String>) -> String? {
        let near = known.map { (word: $0, distance: distance(word, $0)) }
            .min { ($0.distance, $0.word) < ($1.distance, $1.word) }
        return near.flatMap { $0.distance <= max(1, word.utf8.count / 3) ? $0.word : nil }
    }

    /// Levenshtein's distance over bytes; words are short, so two rows of the table are all there is.
    private static func distance(_ a: String, _ b: String) -> Int {
        let (a, b) = (Array(a.utf8.prefix(64)), Array(b.utf8.prefix(64)))
        var row = Array(0...b.count)
        for (i, left) in a.enumerated() {
            var diagonal = row[0]
            row[0] = i + 1
            for (j, right) in b.enumerated() {
                let change = diagonal + (left == right ? 0 : 1)
                diagonal = row[j + 1]
                row[j + 1] = min(change, diagonal + 1, row[j] + 1)
            }
        }
        return row[b.count]
    }
}
