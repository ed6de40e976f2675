import ExchangeCore
import Journal
import Testing

@Suite struct NoteTests {
    private let key = "example.com/foo+530d903a+AekyeRrm56hApGFkyQR4ZCbV54Id2LKaANYcrnKv3U2k"
    private let text = "This is an example message.\n"
    private let line =
        "\u{2014} example.com/foo Uw2QOkn8srV1yJGh2VYRlL1Tnagv1YEq6TfXppzi2ONncAlT"
        + "gK7Ztg1ERYNZXsYjOBH3mFXmRKuwHjG1Yu72IneyaQM=\n"

    @Test func `the signed note of the C2SP specification verifies`() throws {
        let verifier = try #require(NoteVerifier(text: key))
        let note = try SignedNote(parsing: text + "\n" + line)
        #expect(note.text == text)
        #expect(verifier.text == key)
        #expect(verifier.verifies(note))
        #expect(note.description == text + "\n" + line)
        #expect(!verifier.verifies(try SignedNote(parsing: "This is another message.\n\n" + line)))
    }

    @Test func `a key whose id is not its own is refused`() {
        #expect(NoteVerifier(text: key.replacing("530d903a", with: "530d903b")) == nil)
        #expect(NoteVerifier(text: "example.com/foo+530d903a") == nil)
    }

    @Test(arguments: [
        "", "no newline", "text\n", "text\n\n", "text\n\nnot a signature\n", "text\n\n\u{2014} name !!!\n",
        "text\n\n\u{2014} name AAAA\n", "te\u{1}xt\n\n\u{2014} name AAAAAAAA\n", "text\n\n- name AAAAAAAA\n",
    ])
    func `what is not a note is refused`(_ note: String) {
        #expect(throws: ExchangeError(.badRequest, "")) { try SignedNote(parsing: note) }
    }

    @Test func `signatures of unknown keys are passed over, and a bad one of a known key refuses the note`() throws {
        let signer = try NoteSigner(name: "oid/1.2.3", privateKey: [UInt8](repeating: 7, count: 32))
        let own = try signer.sign("text\n")
        let other = SignedNote.Signature(name: "oid/1.2.4", keyID: [1, 2, 3, 4], bytes: [5])
        let mixed = SignedNote(text: "text\n", signatures: [other] + own.signatures)
        #expect(signer.verifier.verifies(try SignedNote(parsing: mixed.description)))
        let forged = SignedNote.Signature(
            name: "oid/1.2.3", keyID: signer.verifier.keyID, bytes: [UInt8](repeating: 0, count: 64))
        #expect(!signer.verifier.verifies(SignedNote(text: "text\n", signatures: own.signatures + [forged])))
        #expect(!signer.verifier.verifies(SignedNote(text: "text\n", signatures: [other])))
    }

    @Test func `a checkpoint reads back as written, and nothing else reads as one`() throws {
        let root = MerkleHash.leaf([1])
        let checkpoint = Checkpoint(origin: "oid/1.2.3", size: 20_852_163, root: root)
        #expect(checkpoint.text == "oid/1.2.3\n20852163\n\(Base64.encode(root))\n")
        #expect(try Checkpoint(text: checkpoint.text) == checkpoint)
        for bad in [
            "", "oid/1.2.3\n1\n", "oid/1.2.3\n01\n\(Base64.encode(root))\n", "oid/1.2.3\n1\nAAAA\n",
            "oid/1.2.3\n-1\n\(Base64.encode(root))\n", "oid/1.2.3\n18446744073709551616\n\(Base64.encode(root))\n",
            checkpoint.text + "extension\n", "\n1\n\(Base64.encode(root))\n", String(checkpoint.text.dropLast()),
        ] {
            #expect(throws: ExchangeError(.badRequest, "")) { try Checkpoint(text: bad) }
        }
    }
}
