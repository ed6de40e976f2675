/// So many at a time: takes a slot, or waits for one to come back.
struct Slots {
    /// Gives a slot back.
    let done: AsyncStream<Void>.Continuation
    private var free: Int
    private var returned: AsyncStream<Void>.Iterator

    init(_ count: Int) {
        let (stream, continuation) = AsyncStream<Void>.makeStream()
        done = continuation
        free = count
        returned = stream.makeAsyncIterator()
    }

    /// Takes a slot; false when the task was cancelled meanwhile.
    mutating func take() async -> Bool {
        if free > 0 {
            free -= 1
            return true
        }
        return await returned.next() != nil
    }
}
