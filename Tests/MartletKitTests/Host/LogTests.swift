import MartletKit
import MartletKitTesting
import Testing

@Suite struct LogTests {
    @Test func aLineIsNotFormattedIfItsLevelIsOff() throws {
        let host = try SimulatedHost(Chatty.self)
        let connection = host.connect()
        connection.send("x")
        #expect(connection.takeText() == "5")
        #expect(
            host.takeLogs() == [
                LogRecord(.trace, "1"), LogRecord(.debug, "2"), LogRecord(.info, "3"), LogRecord(.warning, "4"),
                LogRecord(.error, "5"),
            ])
        host.logLevel = .warning
        connection.send("x")
        #expect(connection.takeText() == "2")
        #expect(host.takeLogs() == [LogRecord(.warning, "1"), LogRecord(.error, "2")])
        #expect(host.shutDown() == [])
    }

    @Test func levelsHaveNamesAndAnOrder() {
        let levels: [LogLevel] = [.error, .trace, .warning, .debug, .info]
        #expect(levels.sorted().map(\.description) == ["trace", "debug", "info", "warning", "error"])
        #expect(
            "\(HostResult.busy) \(CloseReason.idleTimeout) \(HostResult(rawValue: 9))" == "busy idleTimeout result 9")
        #expect(OptionError("a.b", "is odd").description == "a.b: is odd")
    }
}

/// Sends the number of log lines that it formatted.
private struct Chatty: Plugin {
    static let manifest = Manifest(name: "chatty", version: "1.0.0", summary: "Logs")
    let host: Host<Chatty>
    init(options: Options, host: Host<Chatty>) { self.host = host }

    struct Session: MartletKit.Session {
        typealias Plugin = Chatty
        init(opening connection: Connection<Chatty>) {}

        mutating func received(_ input: Span<UInt8>, from connection: Connection<Chatty>) -> Int {
            var count = 0
            func line() -> String {
                count += 1
                return "\(count)"
            }
            let host = connection.plugin.host
            connection.log(.trace, line())
            host.debug(line())
            host.info(line())
            host.warning(line())
            host.error(line())
            connection.write("\(count)")
            return input.count
        }
    }
}
