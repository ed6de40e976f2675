import ConsentEngine
import ExchangeCore
import Synchronization
import Transactions

extension MemoryProjection {
    package func takenMessages(atMost count: Int) async throws -> [TakenMessage] {
        tables.withLock { Array($0.taken.suffix(count)) }
    }

    package func subscriptions() async throws -> [RecordedSubscription] {
        tables.withLock { $0.subscriptions.sorted { $0.key < $1.key }.map(\.value) }
    }

    package func subscription(_ id: SubscriptionID) async throws -> RecordedSubscription? {
        tables.withLock { $0.subscriptions[id] }
    }

    package func encounters(of patient: PatientID) async throws -> [CareEncounter] {
        try tables.withLock { try Self.encounters(of: patient, $0) }
    }

    static func encounters(of patient: PatientID, _ tables: Tables) throws -> [CareEncounter] {
        let person = try records(with: patient, tables)
        let survivors = person.reduce(into: [PatientID: PatientID]()) { $0[$1] = tables.patients[$1]?.survivor }
        return MergedRecords.care(
            MergedRecords(person, survivors: survivors).joined(with: patient).flatMap { (tables.encounters[$0] ?? [:]).values })
    }
}
