import HTTPWire

/// The methods that each kind of route allows: the value of `Allow` (RFC 9110 10.2.1).
enum AllowedMethods {
    static var reading: StaticString { "GET, HEAD, OPTIONS" }
    static var echo: StaticString { "POST, PUT, PATCH, OPTIONS" }
    /// For `OPTIONS *`, which asks about the server (RFC 9110 9.3.7).
    static var all: StaticString { "GET, HEAD, POST, PUT, PATCH, OPTIONS" }

    static func of(_ kind: Route.Kind) -> StaticString { kind == .echo ? echo : reading }
}

extension Route {
    func allows(_ method: RequestMethod) -> Bool {
        switch method {
        case .get, .head: kind != .echo
        case .post, .put, .patch: kind == .echo
        default: false
        }
    }
}
