import Testing

@testable import Configuration

struct ListenerFileTests {
    static let head = "plugin = 'http.so'\nlisten = '*:80'\n"

    @Test func takesEveryDefault() throws {
        let (found, problems) = readListener(Self.head)
        let listener = try #require(found, "\(problems)")
        #expect(listener.name == "http")
        #expect(listener.plugin == "/etc/martlet/plugins.d/http.so")
        #expect(listener.addresses == [.dualStack(port: 80)])
        #expect(listener.enabled)
        #expect(listener.options == ConfigurationTable())
        #expect(
            listener.socket
                == SocketOptions(
                    backlog: 1024, noDelay: true, keepalive: true, keepaliveIdle: .seconds(60),
                    keepaliveInterval: .seconds(10), keepaliveCount: 6, receiveBuffer: 0, sendBuffer: 0,
                    unixMode: 0o660))
        #expect(
            listener.limits
                == ConnectionLimits(
                    connections: 0, connectionsPerAddress: 0, connectionsPerNetwork: 0, acceptRate: 0, acceptBurst: 0,
                    requestRate: 0, requestBurst: 0, requestWait: .seconds(60), onLimit: .wait,
                    handshakeTimeout: .seconds(10),
                    firstByteTimeout: .seconds(30), idleTimeout: .seconds(75), requestTimeout: .seconds(30),
                    requestMinimumRate: 1_024, writeTimeout: .seconds(30), lifetime: .zero, maximumInput: 1 << 20,
                    outputHighWater: 256 << 10, outputLowWater: 64 << 10, callbackWarning: .milliseconds(100),
                    hangTimeout: .seconds(30), crashLimit: 3, crashWindow: .seconds(60), faultLimit: 100,
                    faultWindow: .seconds(10), faultShare: 0.5, workersShare: 75, logRate: 100,
                    metricSeries: 1_000))
        #expect(listener.access == AccessPolicy(allow: [], deny: [], proxies: []))
        #expect(listener.dispatch == .auto && listener.isolation == "shared" && listener.host == "shared")
        #expect(listener.exercise)
    }

    @Test func takesEveryKey() throws {
        let (found, problems) = readListener(
            """
            plugin = "/usr/lib/x.so"
            listen = ["127.0.0.1:1", "[::1]:2", "unix:@x"]
            enabled = false
            dispatch = "workers"
            isolation = "process"
            exercise = false
            [access]
            allow = ["192.0.2.0/24", "2001:db8::/32"]
            deny = ["192.0.2.7"]
            proxies = ["10.0.0.1"]
            [socket]
            backlog = 1
            no_delay = false
            keepalive = false
            keepalive_idle = "1m"
            keepalive_interval = "2s"
            keepalive_count = 3
            receive_buffer = "4KiB"
            send_buffer = 5
            unix_mode = "777"
            [limits]
            connections = 6
            connections_per_address = 7
            connections_per_network = 8
            accept_rate = 9
            accept_burst = 10
            request_rate = 11
            request_burst = 12
            request_wait = "6s"
            on_limit = "refuse"
            handshake_timeout = "1s"
            first_byte_timeout = "2s"
            request_timeout = "3s"
            request_min_rate = 500
            lifetime = "1h"
            callback_warning = "1ms"
            hang_timeout = "2s"
            crash_limit = 7
            crash_window = "5m"
            fault_limit = 3
            fault_window = "20s"
            fault_share = 0.25
            workers_share = 50
            log_rate = 4
            metric_series = 5
            idle_timeout = "0s"
            write_timeout = "1h30m"
            max_input = "2MiB"
            output_high_water = 8192
            output_low_water = "1KB"
            [options]
            b = 1
            a = "x"
            """)
        let listener = try #require(found, "\(problems)")
        #expect(listener.plugin == "/usr/lib/x.so")
        #expect(listener.addresses.map(\.description) == ["127.0.0.1:1", "[::1]:2", "unix:@x"])
        #expect(!listener.enabled)
        #expect(
            listener.socket
                == SocketOptions(
                    backlog: 1, noDelay: false, keepalive: false, keepaliveIdle: .seconds(60),
                    keepaliveInterval: .seconds(2), keepaliveCount: 3, receiveBuffer: 4096, sendBuffer: 5,
                    unixMode: 0o777))
        #expect(
            listener.limits
                == ConnectionLimits(
                    connections: 6, connectionsPerAddress: 7, connectionsPerNetwork: 8, acceptRate: 9, acceptBurst: 10,
                    requestRate: 11, requestBurst: 12, requestWait: .seconds(6), onLimit: .refuse,
                    handshakeTimeout: .seconds(1),
                    firstByteTimeout: .seconds(2), idleTimeout: .zero, requestTimeout: .seconds(3),
                    requestMinimumRate: 500, writeTimeout: .seconds(5400), lifetime: .seconds(3600),
                    maximumInput: 2 << 20, outputHighWater: 8192, outputLowWater: 1000,
                    callbackWarning: .milliseconds(1), hangTimeout: .seconds(2), crashLimit: 7,
                    crashWindow: .seconds(300),
                    faultLimit: 3, faultWindow: .seconds(20),
                    faultShare: 0.25, workersShare: 50, logRate: 4, metricSeries: 5))
        #expect(
            listener.access
                == AccessPolicy(
                    allow: [try AddressRange(parsing: "192.0.2.0/24"), try AddressRange(parsing: "2001:db8::/32")],
                    deny: [try AddressRange(parsing: "192.0.2.7/32")], proxies: [try AddressRange(parsing: "10.0.0.1")])
        )
        #expect(listener.dispatch == .workers && listener.host == "listener http")
        #expect(!listener.exercise)
        #expect(listener.options.keys == ["b", "a"])
    }

    @Test func reportsEverythingAtOnceInTheOrderOfTheText() {
        let (_, problems) = readListener(
            """
            listen = ["*:80", "nonsense"]
            enabeld = true
            [limits]
            idle_timeout = 30
            output_low_water = "1MiB"
            [socket]
            backlog = 0
            unix_mode = "rw"
            """)
        #expect(
            problems == [
                "http.toml:1:1: plugin: required, but missing; expected a path",
                "http.toml:1:19: listen[1]: expected an address with a port, \(ListenAddressTests.examples), found \"nonsense\"",
                "http.toml:2:1: enabeld: unknown key at the top level; did you mean \"enabled\"?",
                "http.toml:4:1: limits.idle_timeout: expected a duration such as \"30s\", found the integer 30",
                "http.toml:5:1: limits.output_low_water: expected less than output_high_water, which is 256KiB, found 1MiB",
                "http.toml:7:1: socket.backlog: expected an integer from 1 to 65535, found the integer 0",
                "http.toml:8:1: socket.unix_mode: expected octal permissions from \"0000\" to \"0777\", found the text \"rw\"",
            ])
    }

    @Test func showsAHundredProblemsAndCountsTheRest() {
        let (_, problems) = readListener(Self.head + (0..<150).map { "zzzzz\($0) = 1\n" }.joined())
        #expect(problems.count == 101)
        #expect(problems.last == "http.toml: 50 more problems in this file are not shown")
    }

    @Test func findsThePlaceOfALaterProblem() throws {
        let listener = try #require(readListener(Self.head + "[[options.routes]]\nroot = 'public'").listener)
        let diagnostic = listener.diagnostic(key: "options.routes[0].root", message: "no such directory \"public\"")
        #expect(diagnostic.description == "http.toml:4:1: options.routes[0].root: no such directory \"public\"")
        #expect(listener.diagnostic(key: "listen[0]", message: "x").description == "http.toml:2:1: listen[0]: x")
    }

    @Test func aCommentIsNotAChange() throws {
        let one = try #require(readListener(Self.head).listener)
        #expect(one == readListener("# new\n" + Self.head + "enabled = true").listener)
        for change in ["enabled = false", "[socket]\nbacklog = 5", "[limits]\nconnections = 5", "[options]\na = 1"] {
            #expect(one != readListener(Self.head + change).listener, "\(change)")
        }
        #expect(one != readListener("plugin = 'other.so'\nlisten = '*:80'").listener)
        #expect(one != readListener("plugin = 'http.so'\nlisten = '*:81'").listener)
    }
}
