/// What one asker may hold, in place of what everybody may: a user of this facility's, or another community.
package struct AskerLimit: Hashable, Sendable {
    /// Whom it is for.
    package enum Asker: Hashable, Sendable {
        /// A user, or a system, by the name in its token.
        case user(String)
        /// Another community, all of its users together.
        case community(CommunityID)
    }

    /// Whom it is for.
    package let asker: Asker
    /// Questions under way at the same time; nil leaves what everybody may.
    package let questionsMax: Int?
    /// Different people that a community may ask about in an hour; nil leaves what everybody may.
    package let personsMax: Int?

    /// A limit from its parts.
    package init(asker: Asker, questionsMax: Int?, personsMax: Int?) {
        self.asker = asker
        self.questionsMax = questionsMax
        self.personsMax = personsMax
    }
}

/// How an asker stands to its limits: what `hie limits` shows.
package struct AskerFigure: Hashable, Sendable {
    /// `client` or `peer`.
    package let door: String
    /// The user with the organisation, or the community.
    package let asker: String
    /// What is counted: `questions` under way now, or `persons` asked about within the hour.
    package let what: String
    /// How many.
    package let held: Int
    /// How many there may be.
    package let most: Int
    /// How often it was refused for it since the start.
    package let refused: UInt64

    /// A figure from its parts.
    package init(door: String, asker: String, what: String, held: Int, most: Int, refused: UInt64) {
        self.door = door
        self.asker = asker
        self.what = what
        self.held = held
        self.most = most
        self.refused = refused
    }
}

extension ExchangeLimits {
    /// What is stated for whoever asks, beside what everybody may; nil when nothing is.
    package func own(_ context: AccessContext) -> AskerLimit? {
        askers.first { limit in
            switch limit.asker {
            case .user(let name): context.door == .client && name.utf8.elementsEqual(context.user.utf8)
            case .community(let community): context.door == .peer && community == context.community
            }
        }
    }

    /// Questions under way that an asker may have.
    package func questions(_ context: AccessContext) -> Int { own(context)?.questionsMax ?? questionsPerAskerMax }

    /// Different people a community may ask about in an hour.
    package func persons(_ context: AccessContext) -> Int { own(context)?.personsMax ?? personsPerCommunityMax }
}
