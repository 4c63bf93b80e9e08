/// A response status (RFC 9110 section 15): three digits. Codes that a server here uses have names.
package struct StatusCode: Equatable, Sendable {
    /// 100...599.
    package let number: UInt16

    /// Returns nil outside 100...599: the first digit is a class, and there are five classes (RFC 9110 section 15).
    package init?(_ number: UInt16) {
        guard (100...599).contains(number) else { return nil }
        self.number = number
    }

    private init(named number: UInt16) { self.number = number }

    package static var `continue`: StatusCode { StatusCode(named: 100) }
    package static var switchingProtocols: StatusCode { StatusCode(named: 101) }
    package static var ok: StatusCode { StatusCode(named: 200) }
    package static var created: StatusCode { StatusCode(named: 201) }
    package static var accepted: StatusCode { StatusCode(named: 202) }
    package static var noContent: StatusCode { StatusCode(named: 204) }
    package static var partialContent: StatusCode { StatusCode(named: 206) }
    package static var movedPermanently: StatusCode { StatusCode(named: 301) }
    package static var found: StatusCode { StatusCode(named: 302) }
    package static var seeOther: StatusCode { StatusCode(named: 303) }
    package static var notModified: StatusCode { StatusCode(named: 304) }
    package static var temporaryRedirect: StatusCode { StatusCode(named: 307) }
    package static var permanentRedirect: StatusCode { StatusCode(named: 308) }
    package static var badRequest: StatusCode { StatusCode(named: 400) }
    package static var unauthorized: StatusCode { StatusCode(named: 401) }
    package static var forbidden: StatusCode { StatusCode(named: 403) }
    package static var notFound: StatusCode { StatusCode(named: 404) }
    package static var methodNotAllowed: StatusCode { StatusCode(named: 405) }
    package static var notAcceptable: StatusCode { StatusCode(named: 406) }
    package static var requestTimeout: StatusCode { StatusCode(named: 408) }
    package static var conflict: StatusCode { StatusCode(named: 409) }
    package static var gone: StatusCode { StatusCode(named: 410) }
    package static var lengthRequired: StatusCode { StatusCode(named: 411) }
    package static var preconditionFailed: StatusCode { StatusCode(named: 412) }
    package static var contentTooLarge: StatusCode { StatusCode(named: 413) }
    package static var uriTooLong: StatusCode { StatusCode(named: 414) }
    package static var unsupportedMediaType: StatusCode { StatusCode(named: 415) }
    package static var rangeNotSatisfiable: StatusCode { StatusCode(named: 416) }
    package static var expectationFailed: StatusCode { StatusCode(named: 417) }
    package static var misdirectedRequest: StatusCode { StatusCode(named: 421) }
    package static var unprocessableContent: StatusCode { StatusCode(named: 422) }
    package static var upgradeRequired: StatusCode { StatusCode(named: 426) }
    package static var tooManyRequests: StatusCode { StatusCode(named: 429) }
    package static var requestHeaderFieldsTooLarge: StatusCode { StatusCode(named: 431) }
    package static var internalServerError: StatusCode { StatusCode(named: 500) }
    package static var notImplemented: StatusCode { StatusCode(named: 501) }
    package static var badGateway: StatusCode { StatusCode(named: 502) }
    package static var serviceUnavailable: StatusCode { StatusCode(named: 503) }
    package static var gatewayTimeout: StatusCode { StatusCode(named: 504) }
    package static var httpVersionNotSupported: StatusCode { StatusCode(named: 505) }
}
