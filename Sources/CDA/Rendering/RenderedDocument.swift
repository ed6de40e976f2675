import ExchangeCore

/// A document as people read it: who and what it is about, and its sections' words. Printing one prints nothing.
///
/// What is shown is text in a few shapes: no markup of the source's, no address that is followed, nothing that runs. Every
/// text in it went through `ShownText`.
package struct RenderedDocument: Hashable, Sendable, CustomStringConvertible {
    /// One line of the head: what it is, and what is said.
    package struct Fact: Hashable, Sendable {
        /// Such as `Patient`.
        package let name: String
        /// What is said, in one line each.
        package let values: [String]
    }

    /// What stands above it.
    package let title: String
    /// Language, BCP 47, of letters, digits and hyphens alone.
    package let language: String?
    /// Who and what it is about.
    package let facts: [Fact]
    /// Its sections in order.
    package let sections: [RenderedSection]

    /// A document from its parts.
    package init(title: String, language: String?, facts: [Fact], sections: [RenderedSection]) {
        self.title = title
        self.language = language
        self.facts = facts
        self.sections = sections
    }

    package var description: String { "<redacted>" }
}

/// One section as people read it, with the sections within it.
package struct RenderedSection: Hashable, Sendable {
    /// What stands above it; nil for none.
    package let title: String?
    /// Its words.
    package let blocks: [RenderedBlock]
    /// The sections within it.
    package let sections: [RenderedSection]

    /// A section from its parts.
    package init(title: String?, blocks: [RenderedBlock], sections: [RenderedSection]) {
        self.title = title
        self.blocks = blocks
        self.sections = sections
    }
}

/// A paragraph, a list, a table, or a word about what is not shown.
package indirect enum RenderedBlock: Hashable, Sendable {
    /// Words.
    case paragraph([RenderedRun])
    /// Items, with marks or numbers (`styleCode` of the source).
    case list(ListMark, caption: [RenderedRun], items: [[RenderedBlock]])
    /// Rows; those of the head first.
    case table(RenderedTable)
    /// Text as it is, lines and blanks kept.
    case preformatted(String)
    /// A word of ours about something that cannot be shown.
    case notice(String)

    /// What stands before each item of a list.
    package enum ListMark: String, Hashable, Sendable {
        /// Marks.
        case disc, circle, square
        /// Numbers.
        case arabic = "decimal"
        case littleRoman = "lower-roman"
        case bigRoman = "upper-roman"
        case littleAlpha = "lower-alpha"
        case bigAlpha = "upper-alpha"

        /// Whether items are numbered.
        package var isOrdered: Bool { ![.disc, .circle, .square].contains(self) }
    }
}

/// A table: rows of cells.
package struct RenderedTable: Hashable, Sendable {
    /// One cell.
    package struct Cell: Hashable, Sendable {
        /// Whether it heads a row or a column.
        package let isHeader: Bool
        /// How many columns it covers, 1 to 100.
        package let columns: Int
        /// How many rows it covers, 1 to 1,000.
        package let rows: Int
        /// Its words.
        package let blocks: [RenderedBlock]
    }

    /// What stands above it.
    package let caption: [RenderedRun]
    /// Rows that head columns.
    package let head: [[Cell]]
    /// The other rows, those of the foot last.
    package let body: [[Cell]]
}

/// Words of one look.
package struct RenderedRun: Hashable, Sendable {
    /// How words look (`styleCode`, and CDA's own elements).
    package enum Style: String, Hashable, Sendable, CaseIterable {
        case bold, italic, underline, emphasis, superscript, `subscript`, inserted, deleted
    }

    /// The words; a line break is `\n`.
    package let text: String
    /// How they look.
    package let styles: Set<Style>
}

/// Text from a document on its way to people.
package enum ShownText {
    /// The text with everything that is no character for people replaced by U+FFFD: control characters (C0, C1, DEL), marks that
    /// turn the direction of what follows, line separators, and what Unicode will never assign. Tabs become blanks; line breaks
    /// stay where they are asked for.
    package static func clean(_ text: String, keepsLines: Bool = false) -> String {
        guard text.unicodeScalars.contains(where: isUnfit) else { return text }
        var clean = String.UnicodeScalarView()
        for scalar in text.unicodeScalars {
            switch scalar {
            case "\n": clean.append(keepsLines ? "\n" : " ")
            case "\r": if !keepsLines { clean.append(" ") }
            case "\t": clean.append(" ")
            default: clean.append(isUnfit(scalar) ? "\u{FFFD}" : scalar)
            }
        }
        return String(clean)
    }

    private static func isUnfit(_ scalar: Unicode.Scalar) -> Bool {
        switch scalar.value {
        case 0...0x1F, 0x7F...0x9F: true
        // Direction marks, embeddings, overrides, isolates; line and paragraph separators.
        case 0x061C, 0x200E, 0x200F, 0x2028...0x202E, 0x2066...0x2069: true
        // Interlinear annotations, tags, and what is no character.
        case 0xFFF9...0xFFFB, 0xE0000...0xE007F, 0xFDD0...0xFDEF: true
        default: scalar.value & 0xFFFE == 0xFFFE
        }
    }
}
