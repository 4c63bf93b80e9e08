import Testing

@testable import Configuration

struct ListenerFileProblemsTests {
    /// The line goes into `table`, at line 4 of the file (or line 3, without a table).
    @Test(arguments: [
        ("", "enabled = 1", "3:1: enabled: expected true or false, found the integer 1"),
        (
            "", "enabled = 'true'",
            "3:1: enabled: expected true or false, found the text \"true\"; write it without quotes"
        ),
        ("", "options = 1", "3:1: options: expected a table, found the integer 1"),
        ("", "socket = 'x'", "3:1: socket: expected a table, found the text \"x\""),
        ("", "limits = []", "3:1: limits: expected a table, found an empty list"),
        (
            "socket", "backlog = '5'",
            "4:1: socket.backlog: expected an integer from 1 to 65535, found the text \"5\"; write it without quotes"
        ),
        ("socket", "backlog = 0", "4:1: socket.backlog: expected an integer from 1 to 65535, found the integer 0"),
        (
            "socket", "backlog = 65536",
            "4:1: socket.backlog: expected an integer from 1 to 65535, found the integer 65536"
        ),
        ("socket", "backlog = 1.5", "4:1: socket.backlog: expected an integer from 1 to 65535, found the number 1.5"),
        ("socket", "no_delay = 'yes'", "4:1: socket.no_delay: expected true or false, found the text \"yes\""),
        ("socket", "keepalive = 0", "4:1: socket.keepalive: expected true or false, found the integer 0"),
        (
            "socket", "keepalive_idle = 30",
            "4:1: socket.keepalive_idle: expected a duration such as \"30s\", found the integer 30"
        ),
        (
            "socket", "keepalive_idle = '0s'",
            "4:1: socket.keepalive_idle: expected a duration from 1s to 9h, found the text \"0s\""
        ),
        (
            "socket", "keepalive_idle = '10h'",
            "4:1: socket.keepalive_idle: expected a duration from 1s to 9h, found the text \"10h\""
        ),
        ("socket", "keepalive_idle = '1500ms'", "4:1: socket.keepalive_idle: expected whole seconds, found 1s500ms"),
        (
            "socket", "keepalive_interval = true",
            "4:1: socket.keepalive_interval: expected a duration such as \"30s\", found the boolean true"
        ),
        (
            "socket", "keepalive_interval = '500ms'",
            "4:1: socket.keepalive_interval: expected a duration from 1s to 9h, found the text \"500ms\""
        ),
        (
            "socket", "keepalive_count = 128",
            "4:1: socket.keepalive_count: expected an integer from 1 to 127, found the integer 128"
        ),
        (
            "socket", "keepalive_count = []",
            "4:1: socket.keepalive_count: expected an integer from 1 to 127, found an empty list"
        ),
        (
            "socket", "receive_buffer = -1",
            "4:1: socket.receive_buffer: expected a size from 0B to 1GiB, found the integer -1"
        ),
        (
            "socket", "receive_buffer = '2GiB'",
            "4:1: socket.receive_buffer: expected a size from 0B to 1GiB, found the text \"2GiB\""
        ),
        (
            "socket", "send_buffer = '1k'",
            "4:1: socket.send_buffer: expected a size such as \"64KiB\", found the text \"1k\"; the units are B, KiB, MiB, GiB, TiB, KB, MB, GB and TB"
        ),
        ("socket", "send_buffer = {}", "4:1: socket.send_buffer: expected a size such as \"64KiB\", found a table"),
        ("socket", "unix_mode = 0o660", "4:1: socket.unix_mode: expected a text, found the integer 432"),
        (
            "socket", "unix_mode = '0980'",
            "4:1: socket.unix_mode: expected octal permissions from \"0000\" to \"0777\", found the text \"0980\""
        ),
        (
            "socket", "unix_mode = '4755'",
            "4:1: socket.unix_mode: expected octal permissions from \"0000\" to \"0777\", found the text \"4755\""
        ),
        (
            "limits", "connections = -1",
            "4:1: limits.connections: expected an integer from 0 to 10000000, found the integer -1"
        ),
        (
            "limits", "connections = 1979-05-27",
            "4:1: limits.connections: expected an integer from 0 to 10000000, found a date or time; dates are not allowed here"
        ),
        (
            "limits", "idle_timeout = 30",
            "4:1: limits.idle_timeout: expected a duration such as \"30s\", found the integer 30"
        ),
        (
            "limits", "idle_timeout = '30'",
            "4:1: limits.idle_timeout: expected a duration such as \"30s\", found the text \"30\"; the units are ms, s, m, h and d"
        ),
        (
            "limits", "idle_timeout = '366d'",
            "4:1: limits.idle_timeout: expected a duration from 0s to 365d, found the text \"366d\""
        ),
        (
            "limits", "write_timeout = 07:32:00",
            "4:1: limits.write_timeout: expected a duration such as \"30s\", found a date or time; dates are not allowed here, quote it to make it text"
        ),
        (
            "limits", "write_timeout = '400d'",
            "4:1: limits.write_timeout: expected a duration from 0s to 365d, found the text \"400d\""
        ),
        (
            "limits", "max_input = 1023",
            "4:1: limits.max_input: expected a size from 1KiB to 1GiB, found the integer 1023"
        ),
        ("limits", "max_input = 1.5", "4:1: limits.max_input: expected a size such as \"64KiB\", found the number 1.5"),
        (
            "limits", "output_high_water = '4KB'",
            "4:1: limits.output_high_water: expected a size from 4KiB to 1GiB, found the text \"4KB\""
        ),
        (
            "limits", "output_high_water = '64KiB'",
            "4:1: limits.output_high_water: expected more than output_low_water, which is 64KiB, found 64KiB"
        ),
        (
            "limits", "output_high_water = false",
            "4:1: limits.output_high_water: expected a size such as \"64KiB\", found the boolean false"
        ),
        (
            "limits", "output_low_water = '256KiB'",
            "4:1: limits.output_low_water: expected less than output_high_water, which is 256KiB, found 256KiB"
        ),
        (
            "limits", "output_low_water = '2TiB'",
            "4:1: limits.output_low_water: expected a size from 0B to 1GiB, found the text \"2TiB\""
        ),
        (
            "limits", "output_low_water = [1]",
            "4:1: limits.output_low_water: expected a size such as \"64KiB\", found a list"
        ),
        ("socket", "bcklog = 5", "4:1: socket.bcklog: unknown key in [socket]; did you mean \"backlog\"?"),
        (
            "socket", "idle_timeout = '5s'",
            "4:1: socket.idle_timeout: unknown key in [socket]; did you mean \"idle_timeout\" in [limits]?"
        ),
        ("", "no-delay = true", "3:1: no-delay: unknown key at the top level; did you mean \"no_delay\" in [socket]?"),
        ("", "[sockets]", "3:2: sockets: unknown key at the top level; did you mean \"socket\"?"),
        (
            "", "\"a b\\n\" = 1",
            "3:1: \"a b\\n\": unknown key at the top level; its keys are plugin, listen, enabled, exercise, dispatch, isolation, users, on_reload, drain_timeout, state_timeout, max_generations, socket, tls, limits, access, rollout, options"
        ),
    ])
    func explainsABadValue(table: String, line: String, problem: String) {
        let text = ListenerFileTests.head + (table.isEmpty ? "" : "[\(table)]\n") + line
        #expect(readListener(text).problems == ["http.toml:" + problem])
    }

    @Test(arguments: [
        ("listen = '*:1'", ["http.toml:1:1: plugin: required, but missing; expected a path"]),
        (
            "plugin = 'x'",
            ["http.toml:1:1: listen: required, but missing; expected a text or a list of texts or tables"]
        ),
        ("plugin = ''\nlisten = '*:1'", ["http.toml:1:1: plugin: expected a path, found the text \"\""]),
        ("plugin = ['x']\nlisten = '*:1'", ["http.toml:1:1: plugin: expected a path, found a list"]),
        (
            "plugin = 'x'\nlisten = []",
            ["http.toml:2:1: listen: expected a text or a list of texts or tables, found an empty list"]
        ),
        (
            "plugin = 'x'\nlisten = 80",
            ["http.toml:2:1: listen: expected a text or a list of texts or tables, found the integer 80"]
        ),
        ("plugin = 'x'\nlisten = ['*:1', 80]", ["http.toml:2:18: listen[1]: expected a text, found the integer 80"]),
        (
            "plugin = 'x'\nlisten = ['*:1',\n  '*:99999']",
            ["http.toml:3:3: listen[1]: expected a port from 0 to 65535, found \"99999\" in \"*:99999\""]
        ),
        (
            "plugin = 'x'\nlisten = ['*:1', '*:1']",
            ["http.toml:2:18: listen[1]: \"*:1\" overlaps \"*:1\" of listen[0] at 2:11"]
        ),
        (
            "plugin = 'x'\nlisten = ['*:0', '127.0.0.1:0', '[::]:0']",
            ["http.toml:2:33: listen[2]: \"*:0\" is the same as listen[0] at 2:11; each address may be used once"]
        ),
        (
            "plugin = 'x'\nlisten = ['*:1', '127.0.0.1:1']",
            ["http.toml:2:18: listen[1]: \"127.0.0.1:1\" overlaps \"*:1\" of listen[0] at 2:11"]
        ),
    ])
    func explainsABadPluginOrAddress(text: String, problems: [String]) {
        #expect(readListener(text).problems == problems)
    }

    @Test(arguments: [(256, nil), (257, 257), (10_000, 10_000)] as [(Int, Int?)])
    func takesAtMost256Addresses(count: Int, found: Int?) {
        let list = (0..<count).map { "'unix:/run/\($0)'" }.joined(separator: ", ")
        let problems = readListener("plugin = 'x'\nlisten = [\(list)]").problems
        #expect(problems == (found.map { ["http.toml:2:1: listen: expected at most 256 values, found \($0)"] } ?? []))
    }
}
