import ExchangeCore
import JSON
import Transactions

extension AdminService {
    /// Who stands how to their limits: the busiest first, at most 200.
    func askers() -> AdminAnswer {
        let figures = (vitals.askers() + exchange.discoveryFigures())
            .sorted { ($1.refused, $1.held, $0.asker) < ($0.refused, $0.held, $1.asker) }
        return AdminAnswer([
            "askers": .array(
                figures.prefix(200).map { figure in
                    [
                        "door": .string(figure.door), "asker": .string(figure.asker), "what": .string(figure.what),
                        "held": .number(String(figure.held)), "most": .number(String(figure.most)),
                        "refused": .number(String(figure.refused)),
                    ]
                }),
            "known": .number(String(figures.count)),
        ])
    }
}
