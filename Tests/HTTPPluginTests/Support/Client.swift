import MartletKit
import MartletKitTesting

@testable import HTTPPlugin

/// One peer of an HTTP plugin on a simulated host, with the routes that most tests need.
final class Client {
    static let routes: OptionLiteral = [
        ["path": "/", "text": "home"],
        ["path": "/hello", "text": "hello, world\n"],
        ["path": "/page", "text": "<p>page", "content_type": "text/html"],
        ["path": "/api/", "text": "api"],
        ["path": "/api/v2/", "text": "v2"],
        ["path": "/gone", "text": "gone\n", "status": 410],
        ["path": "/broken", "text": "broken\n", "status": 503],
        ["path": "/error", "text": "error\n", "status": 500],
        ["path": "/timeout", "text": "timeout\n", "status": 504],
        ["path": "/insufficient", "text": "insufficient\n", "status": 507],
        ["path": "/empty", "text": "", "status": 204],
        ["path": "/old", "location": "/hello", "status": 308],
        ["path": "/echo", "echo": true],
    ]

    let host: SimulatedHost
    var connection: SimulatedConnection

    init(
        routes: OptionLiteral = Client.routes, options: [String: OptionLiteral] = [:],
        limits: HostLimits = HostLimits(), readsAtOnce: Bool = true
    ) throws {
        let members = options.map { (key: $0.key, value: $0.value) } + [(key: "routes", value: routes)]
        host = try SimulatedHost(HTTP.self, options: .table(members), limits: limits)
        connection = host.connect(readsAtOnce: readsAtOnce)
    }

    /// A client of the next generation of another client's host.
    init(after previous: Client, routes: OptionLiteral = Client.routes, options: [String: OptionLiteral] = [:]) throws {
        let members = options.map { (key: $0.key, value: $0.value) } + [(key: "routes", value: routes)]
        host = try previous.host.nextGeneration(HTTP.self, options: .table(members))
        connection = host.connect()
    }

    /// A client of a folder, served at `/`.
    convenience init(
        root: String, route: [String: OptionLiteral] = [:], options: [String: OptionLiteral] = [:],
        limits: HostLimits = HostLimits(), readsAtOnce: Bool = true
    ) throws {
        let table: [(key: String, value: OptionLiteral)] =
            [(key: "path", value: "/"), (key: "root", value: .text(root))]
            + route.map { (key: $0.key, value: $0.value) }
        try self.init(routes: [.table(table)], options: options, limits: limits, readsAtOnce: readsAtOnce)
    }

    var isOpen: Bool { connection.isOpen }

    func reconnect(readsAtOnce: Bool = true) { connection = host.connect(readsAtOnce: readsAtOnce) }

    /// Sends bytes and returns the output as text.
    func exchange(_ text: String, split: InputSplit = .whole) -> String {
        connection.send(text, split: split)
        return takeText()
    }

    func takeText() -> String { String(decoding: connection.takeOutput(), as: UTF8.self) }

    /// Sends one request and returns its answer; reconnects first if the connection is closed.
    func request(
        _ method: String = "GET", _ target: String, _ fields: [String] = [], body: String = "", version: String = "1.1"
    ) throws -> Answer {
        if !isOpen { reconnect() }
        let lines = ["\(method) \(target) HTTP/\(version)", "Host: localhost"] + fields
        connection.send(lines.joined(separator: "\r\n") + "\r\n\r\n" + body)
        return try Answer(only: connection.takeOutput(), isHead: method == "HEAD")
    }

    func status(_ method: String = "GET", _ target: String, _ fields: [String] = []) throws -> Int {
        try request(method, target, fields).status
    }
}
