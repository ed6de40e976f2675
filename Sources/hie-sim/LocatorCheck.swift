import ExchangeCore
import JSON
import Simulation
import Transactions
import XDSMetadata

/// What must hold of one answer across communities, against what the script knows to be true.
struct LocatorCheck {
    let scene: LocatorScene
    let person: PatientID
    let locating: Locating
    let found: FoundDocuments
    /// The answer before, when this one goes on with its search.
    let before: FoundDocuments?

    /// Everything that does not hold, in words.
    var violations: [String] { lines() + rows() + order() + continuation() }

    private var exchange: Exchange { scene.node.exchange }

    /// The receipt and the directory agree: one line each, and no line for anybody else; and each line is true.
    private func lines() -> [String] {
        var wrong: [String] = []
        let listed = Set(exchange.directory.neighbours(at: scene.world.now()).map(\.community))
            .union([exchange.settings.community])
        let named = found.receipt.communities.map(\.community)
        if Set(named).count != named.count { wrong.append("a community has two lines") }
        for missing in listed.subtracting(named) { wrong.append("no line for \(missing)") }
        for extra in Set(named).subtracting(listed) { wrong.append("a line for \(extra), which is not in the directory") }
        let shown = shownBy()
        for line in found.receipt.communities where line.community != exchange.settings.community {
            let there = scene.peers.chart(of: person, at: line.community)?.documents.count ?? 0
            let here = shown[line.community] ?? 0
            switch line.state {
            case .answered(let count):
                if count != here { wrong.append("\(line.community) said \(count), \(here) are shown") }
                if isFresh, count != there { wrong.append("\(line.community) has \(there), said \(count)") }
            case .incomplete(let count):
                if count != here { wrong.append("\(line.community) said \(count), \(here) are shown") }
            case .none:
                if isFresh, there > 0 { wrong.append("\(line.community) has \(there) documents and reads as none") }
                if here > 0 { wrong.append("\(line.community) said none, \(here) are shown") }
            case .denied, .ambiguous, .timedOut, .unreachable, .breakerOpen, .skipped:
                if here > 0 { wrong.append("\(line.community) is \(line.word), and \(here) documents of it are shown") }
            }
            if case .skipped(.notNamed) = line.state, locating.only?.contains(line.community) ?? true {
                wrong.append("\(line.community) was wanted and not asked")
            }
        }
        return wrong
    }

    /// Nothing changed at the others since the search began: it was begun by this question.
    private var isFresh: Bool { before == nil || before?.search?.token != found.search?.token }

    /// How many documents of each community are in the list.
    private func shownBy() -> [CommunityID: Int] {
        var shown: [CommunityID: Int] = [:]
        for row in found.rows {
            guard let reference = try? JSONReader.read(row.reference) else { continue }
            for part in reference["extension"]?.items ?? [] {
                let oid = part["valueOid"]?.string ?? part["extension"]?[0]?["valueOid"]?.string
                if let community = oid.flatMap({ CommunityID($0) }) { shown[community, default: 0] += 1 }
            }
        }
        return shown
    }

    /// Each document once, each of the person asked for, none of a community that was lied about.
    private func rows() -> [String] {
        var wrong: [String] = []
        var seen: Set<String> = []
        let mine = "urn:oid:1.2.3.\(scene.people.firstIndex(of: person) ?? -1)."
        for row in found.rows {
            guard let reference = try? JSONReader.read(row.reference) else {
                wrong.append("a row cannot be read")
                continue
            }
            let unique = reference["masterIdentifier"]?["value"]?.string ?? ""
            if !unique.hasPrefix(mine) { wrong.append("a document of another patient is shown: \(unique)") }
            if !seen.insert(unique).inserted { wrong.append("\(unique) is shown twice") }
            if reference["subject"]?["reference"]?.string?.hasSuffix(person.description) != true {
                wrong.append("\(unique) is shown as another patient's")
            }
        }
        if shownBy()[SmallWorld.community(99)] != nil { wrong.append("a lie about whose a document is was believed") }
        return wrong
    }

    private func order() -> [String] {
        let sorted = found.rows.sorted(by: FoundDocument.comesBefore)
        return sorted.map(\.id) == found.rows.map(\.id) ? [] : ["the list is not in its order"]
    }

    /// Whoever goes on with a search sees what it saw before, and perhaps more.
    private func continuation() -> [String] {
        guard let before, !isFresh else { return [] }
        let earlier = Set(before.rows.map(\.id)), now = Set(found.rows.map(\.id))
        if locating.resuming?.isPaging == true {
            return earlier == now ? [] : ["another page is of another list"]
        }
        // A copy at a community with a lower identifier takes the place of one that was there before.
        let names = Set(found.rows.compactMap(\.uniqueID)), old = Set(before.rows.compactMap(\.uniqueID))
        return old.isSubset(of: names) ? [] : ["going on with a search lost documents"]
    }
}

extension FoundDocument {
    fileprivate var uniqueID: String? {
        (try? JSONReader.read(reference))?["masterIdentifier"]?["value"]?.string
    }
}
