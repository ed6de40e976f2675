/// What is recorded with a registration, in one append: all of it, or nothing.
package struct FedMessage: Sendable {
    /// The stay or visit that the message tells of.
    package var stay: FedEncounter?
    /// That the message was taken.
    package var taken: TakenMessage?

    /// What a message brings besides its registration.
    package init(stay: FedEncounter? = nil, taken: TakenMessage? = nil) {
        self.stay = stay
        self.taken = taken
    }
}
