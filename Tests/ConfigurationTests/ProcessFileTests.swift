import Addresses
import Testing

@testable import Configuration

struct ProcessFileTests {
    @Test func takesEveryDefault() throws {
        let expected = ProcessConfiguration(
            loops: 0, workers: 16, minimumWorkers: 1, workerGrowthDelay: .zero,
            workerIdleTimeout: .seconds(30), workerWarning: .seconds(30), workerQueue: 1024, loopQueue: 65536,
            loopTimeout: .seconds(5), pluginTimeout: .seconds(30), maximumConnections: 16384,
            maximumBufferMemory: 512 << 20, memoryLimit: 0, maximumRetiredImages: 32, orphanTimeout: .seconds(3_600),
            processLimit: 0, user: "",
            group: "", shutdownTimeout: .seconds(30),
            runtimeDirectory: "", stateDirectory: "", controlSocket: "", metricsAddress: nil, probeTimeout: .seconds(5),
            probeMemory: 1 << 30, logLevel: .info,
            logFormat: .text, logFile: "", cpuAffinity: [], trustedKeys: [], databases: [], defaultSocket: .builtIn,
            defaultLimits: .builtIn,
            defaultAccess: .builtIn)
        let (process, _, problems) = try readProcess("")
        #expect(process == expected)
        #expect(problems.isEmpty)
        #expect(ProcessConfiguration.builtIn == expected)
    }

    @Test func takesEveryKey() throws {
        let (process, _, problems) = try readProcess(
            """
            loops = 2
            workers = 8
            workers_min = 3
            worker_growth_delay = "1ms"
            worker_idle_timeout = "1s"
            worker_warning = "2s"
            worker_queue = 16
            loop_queue = 32
            loop_timeout = "100ms"
            plugin_timeout = "3s"
            max_buffer_memory = "1MiB"
            max_connections = 100
            memory_limit = "1GiB"
            max_retired_images = 9
            orphan_timeout = "1m"
            process_limit = 50
            user = "nobody"
            group = "nogroup"
            shutdown_timeout = "1m"
            runtime_directory = "run"
            state_directory = "/var/state"
            control_socket = "/tmp/c.sock"
            metrics_listen = "127.0.0.1:9464"
            probe_timeout = "1s"
            probe_memory = "64MiB"
            log_level = "warning"
            log_format = "json"
            log_file = "server.log"
            cpu_affinity = [1, 0]
            trusted_keys = ["11qYAYKxCrfVS/7TyWQHOg7hcvPapiMlrwIaaPcHURo= build server"]
            defaults.socket.backlog = 7
            defaults.limits.idle_timeout = "1s"
            defaults.access.deny = ["10.0.0.0/8"]
            """)
        var (socket, limits) = (SocketOptions.builtIn, ConnectionLimits.builtIn)
        socket.backlog = 7
        limits.idleTimeout = .seconds(1)
        #expect(problems.isEmpty)
        #expect(
            process
                == ProcessConfiguration(
                    loops: 2, workers: 8, minimumWorkers: 3, workerGrowthDelay: .milliseconds(1),
                    workerIdleTimeout: .seconds(1), workerWarning: .seconds(2), workerQueue: 16, loopQueue: 32,
                    loopTimeout: .milliseconds(100), pluginTimeout: .seconds(3),
                    maximumConnections: 100, maximumBufferMemory: 1 << 20, memoryLimit: 1 << 30,
                    maximumRetiredImages: 9, orphanTimeout: .seconds(60),
                    processLimit: 50, user: "nobody", group: "nogroup", shutdownTimeout: .seconds(60),
                    runtimeDirectory: "/etc/martlet/run", stateDirectory: "/var/state", controlSocket: "/tmp/c.sock",
                    metricsAddress: try ListenAddress(parsing: "127.0.0.1:9464"), probeTimeout: .seconds(1),
                    probeMemory: 64 << 20, logLevel: .warning, logFormat: .json, logFile: "/etc/martlet/server.log",
                    cpuAffinity: [1, 0],
                    trustedKeys: [try TrustedKey(parsing: "11qYAYKxCrfVS/7TyWQHOg7hcvPapiMlrwIaaPcHURo= build server")],
                    databases: [], defaultSocket: socket, defaultLimits: limits,
                    defaultAccess: AccessPolicy(allow: [], deny: [try AddressRange(parsing: "10.0.0.0/8")], proxies: [])
                ))
    }

    @Test(arguments: [
        ("workers = 2\nworkers_min = 3", ["2:1: workers_min: expected at most workers, which is 2, found 3"]),
        ("workers_min = 17", ["1:1: workers_min: expected at most workers, which is 16, found 17"]),
        ("workers = 1", []), ("workers_min = 16", []), ("workers = 4\nworkers_min = 4", []),
        ("workers = 0\nworkers_min = 20", ["1:1: workers: expected an integer from 1 to 1024, found the integer 0"]),
    ])
    func refusesAMinimumOfWorkersAboveTheMaximum(text: String, expected: [String]) throws {
        let (process, _, problems) = try readProcess(text)
        #expect(problems == expected.map { "martlet.toml:\($0)" })
        #expect(process.minimumWorkers <= process.workers)
    }

    @Test(arguments: [
        ("loops = -1", "1:1: loops: expected an integer from 0 to 252, found the integer -1"),
        ("loops = 'auto'", "1:1: loops: expected an integer from 0 to 252, found the text \"auto\""),
        ("workers = 0", "1:1: workers: expected an integer from 1 to 1024, found the integer 0"),
        ("workers = 1.0", "1:1: workers: expected an integer from 1 to 1024, found the number 1.0"),
        ("worker_queue = 0", "1:1: worker_queue: expected an integer from 1 to 1048576, found the integer 0"),
        ("worker_queue = true", "1:1: worker_queue: expected an integer from 1 to 1048576, found the boolean true"),
        ("max_connections = 0", "1:1: max_connections: expected an integer from 1 to 10000000, found the integer 0"),
        ("max_connections = []", "1:1: max_connections: expected an integer from 1 to 10000000, found an empty list"),
        ("shutdown_timeout = 5", "1:1: shutdown_timeout: expected a duration such as \"30s\", found the integer 5"),
        (
            "shutdown_timeout = '500d'",
            "1:1: shutdown_timeout: expected a duration from 0s to 365d, found the text \"500d\""
        ),
        ("runtime_directory = 5", "1:1: runtime_directory: expected a path, found the integer 5"),
        (
            "metrics_listen = 'x'",
            "1:1: metrics_listen: expected an address with a port, \(ListenAddressTests.examples), found \"x\""
        ),
        ("control_socket = 5", "1:1: control_socket: expected a path, found the integer 5"),
        (
            "control_socket = '/\(String(repeating: "a", count: 107))'",
            "1:1: control_socket: expected a path of at most 107 bytes, found 108: \"/\(String(repeating: "a", count: 79))…\""
        ),
        ("probe_timeout = '1ms'", "1:1: probe_timeout: expected a duration from 100ms to 10m, found the text \"1ms\""),
        ("probe_timeout = 1", "1:1: probe_timeout: expected a duration such as \"30s\", found the integer 1"),
        ("probe_memory = '1MiB'", "1:1: probe_memory: expected a size from 64MiB to 1TiB, found the text \"1MiB\""),
        ("probe_memory = true", "1:1: probe_memory: expected a size such as \"64KiB\", found the boolean true"),
        (
            "log_level = 'warn'",
            "1:1: log_level: expected one of \"trace\", \"debug\", \"info\", \"notice\", \"warning\", \"error\", \"critical\", found \"warn\""
        ),
        ("log_level = 3", "1:1: log_level: expected a text, found the integer 3"),
        (
            "log_format = 'jsn'",
            "1:1: log_format: expected one of \"text\", \"json\", found \"jsn\"; did you mean \"json\"?"
        ),
        ("log_format = false", "1:1: log_format: expected a text, found the boolean false"),
        ("cpu_affinity = 1", "1:1: cpu_affinity: expected a list of integers, found the integer 1"),
        (
            "cpu_affinity = [0, 1024]",
            "1:20: cpu_affinity[1]: expected an integer from 0 to 1023, found the integer 1024"
        ),
        ("cpu_affinity = ['a']", "1:17: cpu_affinity[0]: expected an integer from 0 to 1023, found the text \"a\""),
        ("trusted_keys = 'a'", "1:1: trusted_keys: expected a list of texts, found the text \"a\""),
        (
            "trusted_keys = ['a']",
            "1:17: trusted_keys[0]: \(TrustedKey.expectation), found the text \"a\""
        ),
        ("defaults = 1", "1:1: defaults: expected a table, found the integer 1"),
        ("[defaults]\nsocket = 1", "2:1: defaults.socket: expected a table, found the integer 1"),
        ("[defaults.sockets]", "1:11: defaults.sockets: unknown key in [defaults]; did you mean \"socket\"?"),
        (
            "[defaults.socket]\nbacklog = 0",
            "2:1: defaults.socket.backlog: expected an integer from 1 to 65535, found the integer 0"
        ),
        (
            "[defaults.socket]\nunix_mode = 'x'",
            "2:1: defaults.socket.unix_mode: expected octal permissions from \"0000\" to \"0777\", found the text \"x\""
        ),
        (
            "[defaults.limits]\noutput_high_water = '4KiB'",
            "2:1: defaults.limits.output_high_water: expected more than output_low_water, which is 64KiB, found 4KiB"
        ),
        ("[limits]", "1:2: limits: unknown key at the top level; did you mean \"limits\" in [defaults]?"),
        ("wrokers = 4", "1:1: wrokers: unknown key at the top level; did you mean \"workers\"?"),
    ])
    func explainsABadValue(text: String, problem: String) throws {
        let (process, _, problems) = try readProcess(text)
        #expect(problems == ["martlet.toml:" + problem])
        if !text.contains("control_socket") { #expect(process == .builtIn) }
    }

    @Test func listenersTakeTheFileThenTheDefaultsThenTheBuiltIn() throws {
        let (_, defaults, _) = try readProcess(
            "[defaults.socket]\nbacklog = 7\nkeepalive_count = 3\n[defaults.limits]\nconnections = 9\noutput_high_water = '1MiB'"
        )
        let text = ListenerFileTests.head + "[socket]\nbacklog = 8\n[limits]\noutput_low_water = '512KiB'"
        let (found, problems) = readListener(text, defaults: defaults)
        let listener = try #require(found, "\(problems)")
        #expect(listener.socket.backlog == 8)
        #expect(listener.socket.keepaliveCount == 3)
        #expect(listener.socket.noDelay)
        #expect(listener.limits.connections == 9)
        #expect(listener.limits.outputHighWater == 1 << 20)
        #expect(listener.limits.outputLowWater == 512 << 10)
    }

    @Test func noListenerInheritsABadDefault() throws {
        let (_, defaults, problems) = try readProcess(
            """
            [defaults.limits]
            output_high_water = '4KiB'
            output_low_water = '5KiB'
            connections = 3
            [defaults.socket]
            unix_mode = 'x'
            """)
        #expect(problems.count == 2)
        let listener = try #require(readListener(ListenerFileTests.head, defaults: defaults).listener)
        var limits = ConnectionLimits.builtIn
        limits.connections = 3
        #expect(listener.limits == limits)
        #expect(listener.socket == .builtIn)
    }

    @Test func theTwoMarksAreComparedAcrossFiles() throws {
        let (_, defaults, _) = try readProcess(
            "[defaults.limits]\noutput_high_water = '4KiB'\noutput_low_water = '1KiB'")
        let text = ListenerFileTests.head + "[limits]\noutput_low_water = '8KiB'"
        let message = "expected less than output_high_water, which is 4KiB, found 8KiB"
        #expect(
            readListener(text, defaults: defaults).problems == ["http.toml:4:1: limits.output_low_water: \(message)"])
    }
}
