import ExchangeCore
import JSON

/// ITI-65 Provide Document Bundle: the transaction Bundle of MHD 4.2, read and answered.
package enum ProvideDocumentBundle {
    /// Reads and checks a Bundle by itself.
    ///
    /// - Throws: `.badRequest` with IHE's code word and the path of the element; `.tooLarge` past a limit.
    package static func read(_ bundle: JSONObject, limits: ExchangeLimits = ExchangeLimits())
        throws(ExchangeError) -> ProvideRequest
    {
        throw ExchangeError(.unavailable, "not yet")
    }

    /// The transaction-response: one entry per request entry, in request order.
    package static func answer(_ request: ProvideRequest, _ submission: Submission) -> JSONObject { [:] }
}

/// ITI-105 Simplified Publish: one DocumentReference with its bytes inside.
package enum SimplifiedPublish {
    /// Reads and checks a DocumentReference with `content.attachment.data`.
    package static func read(_ reference: JSONObject, limits: ExchangeLimits = ExchangeLimits())
        throws(ExchangeError) -> ProvideRequest
    {
        throw ExchangeError(.unavailable, "not yet")
    }
}
