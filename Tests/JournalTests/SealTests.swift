import Crypto
import ExchangeCore
import Journal
import Testing

@Suite struct SealTests {
    private let world = TestWorld.seeded(1)

    private func patient() -> PatientID {
        var random = world.random
        return PatientID.random(using: &random)
    }

    private func document() -> DocumentID {
        var random = world.random
        return DocumentID.ordered(at: world.now(), using: &random)
    }

    @Test func `an entry opens with its patient's key and no other, and its header cannot be changed`() throws {
        let subject = patient()
        let key = SymmetricKey(data: world.randomBytes(32))
        let draft = EntryDraft(kind: .consent, subject: subject, payload: Array("canary".utf8))
        let sealed = try EntrySealer(world: world).seal(draft, key: key)
        let header = try #require(EntryHeader(sealed.bytes))
        #expect(header == sealed.header)
        #expect(header.subject == subject && header.kind == .consent)
        #expect(try EntrySeal.open(sealed.bytes, header: header, key: key) == draft.payload)
        #expect(throws: ExchangeError(.corrupted, "")) {
            try EntrySeal.open(sealed.bytes, header: header, key: SymmetricKey(data: world.randomBytes(32)))
        }
        for index in sealed.bytes.indices {
            var changed = sealed.bytes
            changed[index] ^= 1
            guard let other = EntryHeader(changed), other.subject != nil else { continue }
            #expect(throws: ExchangeError(.corrupted, "")) { try EntrySeal.open(changed, header: other, key: key) }
        }
    }

    @Test func `T56 no document opens as another one or as another patient's`() throws {
        let key = SymmetricKey(data: world.randomBytes(32))
        let patients = [patient(), patient()]
        let documents = (0..<4).map { _ in document() }
        for subject in patients {
            for made in documents {
                let sealed = try EntrySeal.seal(
                    DraftContent(document: made, bytes: [1, 2, 3]), of: subject, key: key, salt: world.randomBytes(16))
                for other in patients {
                    for asked in documents {
                        let opened = try? EntrySeal.open(sealed.bytes, document: asked, of: other, key: key)
                        #expect(opened == (other == subject && asked == made ? [1, 2, 3] : nil))
                    }
                }
            }
        }
    }

    @Test func `equal payloads are sealed to unequal bytes`() throws {
        let key = SymmetricKey(data: world.randomBytes(32))
        let draft = EntryDraft(kind: .identity, subject: patient(), payload: Array(repeating: 0, count: 64))
        let first = try EntrySealer(world: world).seal(draft, key: key)
        let second = try EntrySealer(world: world).seal(draft, key: key)
        #expect(first.bytes.suffix(80) != second.bytes.suffix(80))
        #expect(first.leaf != second.leaf)
    }

    @Test func `whatever bytes are read as a header, nothing traps`() {
        var random = world.random
        for _ in 0..<2000 {
            var bytes = world.randomBytes(Int.random(in: 0...200, using: &random))
            if bytes.count > 6 {
                bytes.replaceSubrange(
                    0..<6, with: [1, UInt8.random(in: 0...10, using: &random), 1, 0, bytes[4] % 4, 0])
            }
            if let header = EntryHeader(bytes) {
                #expect(header.encoded() == Array(bytes.prefix(header.encodedBytes)))
                _ = header.references(before: EntryLocation(segment: 0, offset: 100))
            }
        }
    }
}
