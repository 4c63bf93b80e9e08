import Glibc
import Instances
import Operations
import PluginHost
import Server
import Testing

/// `martlet call` on live plugins.
@Suite struct OperationTests {
    private func calculator() throws -> RunningServer {
        let folder = try ServerFolder()
        try folder.installFixture("calculator")
        return try RunningServer(folder)
    }

    private func call(_ server: RunningServer, _ arguments: String...) throws -> Subprocess.Result {
        try Subprocess.run(
            BuildFolder.martlet, ["call", "--config", server.folder.processFile, "--"] + arguments)
    }

    /// Values of every type are passed and returned unchanged, including those at the limits of their range.
    @Test func valuesOfEveryTypeRoundTrip() throws {
        let server = try calculator()
        let expected: [([String], String)] = [
            (["negate", "true"], "false"),
            (["negate", "false"], "true"),
            (["add32", "-2147483648", "2147483647"], "-1"),
            (["addu32", "4294967295", "0"], "4294967295"),
            (["add64", "-9223372036854775808", "1"], "-9223372036854775807"),
            (["addu64", "18446744073709551615", "0"], "18446744073709551615"),
            (["divide", "1", "-8"], "-0.125"),
            (["divide", "1", "0"], "inf"),
            (["join", "Grüße ", "an \"alle\""], "Grüße an \"alle\""),
            (["join", "", ""], ""),
            (["reverse", "abc"], "cba"),
            (["reverse", "hex:00ff10"], "hex:10ff00"),
            (["reverse", ""], ""),
            (
                ["mixed", "true", "-1", "2.5", "ab", "18446744073709551615", "x", "4294967295", "-7"],
                "1 -1 2.5 2:ab 18446744073709551615 x 4294967295 -7"
            ),
            (["null_text"], "(nothing)"),
        ]
        for (arguments, answer) in expected {
            let result = try Subprocess.run(
                BuildFolder.martlet,
                ["call", "--config", server.folder.processFile, "--", "calculator"] + arguments)
            #expect(result.status == 0, "\(arguments): \(result.errors)")
            #expect(result.output == answer + "\n", "\(arguments)")
        }
        #expect(try call(server, "calculator", "nothing").output == "")
        #expect(try call(server, "calculator", "lent").output == "0\n", "the plugin got every result back")
    }

    @Test func badArgumentsAreRefusedWithTheSignature() throws {
        let server = try calculator()
        let wrong: [([String], String)] = [
            (["add32", "1"], "calculator: expected 2 arguments, found 1: add32(i32 one, i32 two) -> i32"),
            (
                ["add32", "1", "2147483648"],
                "argument 2 (two): expected i32 (-2147483648 to 2147483647), found \"2147483648\": "
                    + "add32(i32 one, i32 two) -> i32"
            ),
            (["addu32", "-1", "0"], "argument 1: expected u32 (0 to 4294967295), found \"-1\""),
            (["negate", "1"], "argument 1: expected bool (true or false), found \"1\""),
            (["divide", "1", "nan"], "argument 2: expected f64 (a number), found \"nan\""),
            (["reverse", "hex:0"], "argument 1: expected bytes (text, or hex:... for any bytes), found \"hex:0\""),
            (["multiply"], "calculator: no operation \"multiply\" (there are: negate, add32"),
        ]
        for (arguments, message) in wrong {
            let result = try Subprocess.run(
                BuildFolder.martlet,
                ["call", "--config", server.folder.processFile, "--", "calculator"] + arguments)
            #expect(result.status == 1, "\(arguments)")
            #expect(result.errors.contains(message), "\(result.errors)")
            #expect(result.output == "")
        }
        let nobody = try call(server, "calculater", "lent")
        #expect(nobody.status == 1)
        #expect(nobody.errors == "martlet: calculater: no such listener; did you mean calculator?\n")
    }

    @Test func anOperationRunsOnTheThreadThatThePluginAsksFor() throws {
        let server = try calculator()
        #expect(try call(server, "calculator", "control_thread").output == "plugin\n")
        #expect(try call(server, "calculator", "loop_thread").output == "loop 0: loop-0\nloop 1: loop-1\n")
        #expect(try call(server, "calculator", "worker_thread").output.hasPrefix("worker-"))
        // Each loop answers from its own state; numbers are added up.
        #expect(try call(server, "calculator", "asked").output == "2  (loop 0: 1, loop 1: 1)\n")
        #expect(try call(server, "calculator", "asked").output == "4  (loop 0: 2, loop 1: 2)\n")
    }

    @Test func aFailureIsReportedToTheCaller() throws {
        let server = try calculator()
        let result = try call(server, "calculator", "fail", "out of ink")
        #expect(result.status == 1)
        #expect(result.output == "")
        #expect(result.errors == "martlet: calculator: out of ink\n", "once, although both loops reported it")
        try server.waitForLog("operation failed: out of ink")
        #expect(try call(server, "calculator", "negate", "true").status == 0, "the failure is not remembered")
    }

    @Test func aListenersOperationsRunOneAtATime() throws {
        let server = try calculator()
        let peer = try server.connect(to: "calculator")
        let holding = try Subprocess(
            BuildFolder.martlet, ["call", "calculator", "hold", "--config", server.folder.processFile])
        try waitUntil("the operation runs") { try peer.ask("held?") == "yes" }
        let refused = try call(server, "calculator", "lent")
        #expect(refused.status == 1)
        #expect(refused.errors.contains("\"hold\" is still running"))
        // A swap must not destroy the instance while its operation runs.
        try server.folder.install(Fixture.library("calculator"), as: "calculator.so", appending: [0])
        #expect(try server.reload("calculator") == .swapped)
        #expect(try call(server, "calculator", "asked").output == "2  (loop 0: 1, loop 1: 1)\n", "the new generation")
        try peer.send("let go")
        #expect(try holding.wait().status == 0)
        try waitUntil("the operation is over") { try call(server, "calculator", "lent").status == 0 }
        #expect(try call(server, "calculator", "lent").output == "0\n")
    }

    @Test func jsonIsTyped() throws {
        let server = try calculator()
        func report(_ arguments: String...) throws -> OperationReport {
            let result = try Subprocess.run(
                BuildFolder.martlet, ["call", "--json", "--config", server.folder.processFile, "--"] + arguments)
            #expect(result.status == 0, "\(result.errors)")
            return try decodeJSON(OperationReport.self, from: result.output)
        }
        let asked = try report("calculator", "asked")
        #expect(asked.results.map(\.loop) == [0, 1])
        #expect(asked.sum == .integer(2))
        #expect(asked.operation.signature.description == "u32()")
        #expect(asked.listener == "calculator" && asked.generation == 1)
        #expect(try report("calculator", "negate", "true").results.map(\.value) == [.boolean(false)])
        #expect(try report("calculator", "reverse", "ab").results[0].value == .bytes([0x62, 0x61]))
        #expect(try report("calculator", "null_text").results[0].value == .nothing)
        #expect(try report("calculator", "divide", "1", "0").results[0].value == .text("inf"))
        let rows = try server.folder.martlet("call", "calculator", "--json")
        #expect(rows.output.contains("\"signature\" : \"i32(i32 one, i32 two)\""))
    }

    @Test func callWithoutAnOperationListsThem() throws {
        let server = try calculator()
        try server.folder.installEcho()
        #expect(try server.reload().isRefused == false)
        let all = try server.folder.martlet("call")
        #expect(all.output.contains("LISTENER    OPERATION"))
        #expect(all.output.contains("add32(i32 one, i32 two) -> i32"))
        #expect(all.output.contains("total_bytes() -> u64"))
        #expect(all.output.contains("Help of add32"))
        let one = try server.folder.martlet("call", "echo")
        #expect(one.output.contains("total_bytes"))
        #expect(!one.output.contains("add32"))
        let offline = try Subprocess.run(
            BuildFolder.martlet,
            ["plugins", "show", Fixture.library("calculator"), "--config", server.folder.processFile])
        #expect(offline.output.contains("    addu64(u64, u64) -> u64  (a worker)"), "\(offline)")
    }

    // MARK: Plugins of this repository

    @Test func echoReportsItsTotal() throws {
        let server = try RunningServer.echo()
        for _ in 0..<4 { #expect(try server.connect().ask("12345") == "12345") }
        let answer = try server.ask("call", ",\"listener\":\"echo\",\"operation\":\"total_bytes\"")
        #expect(answer.called?.sum == .integer(24))
    }

    @Test func httpChangesATextAndClearsItsCache() throws {
        let folder = try ServerFolder()
        try folder.install(BuildFolder.plugin("HTTPPlugin"), as: "http.so")
        mkdir(folder.path + "/files", 0o755)
        try Files.replace(folder.path + "/files/a.txt", with: Array("content".utf8), mode: 0o644)
        try folder.listen(
            "http", plugin: "http.so",
            """
            [options]
            routes = [
                { path = "/", text = "one" },
                { path = "/empty", status = 204, text = "" },
                { path = "/files/", root = "../files" },
            ]
            """)
        let server = try RunningServer(folder)
        func get(_ path: String) throws -> String {
            let peer = try server.connect(to: "http")
            try peer.send("GET \(path) HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
            return String(decoding: try peer.receiveToEnd(), as: UTF8.self)
        }
        // Often enough that both loops have answered.
        for _ in 0..<4 { #expect(try get("/").hasSuffix("\r\n\r\none")) }
        #expect(try call(server, "http", "set_text", "/", "two, longer").output == "")
        for _ in 0..<8 {
            let answer = try get("/")
            #expect(answer.hasSuffix("\r\n\r\ntwo, longer"))
            #expect(answer.contains("Content-Length: 11\r\n"))
        }
        // The longest argument that is allowed: each of its bytes takes six bytes in JSON.
        let long = String(repeating: "\u{1}", count: 128 << 10)
        #expect(try call(server, "http", "set_text", "/", String(long.dropLast(1))).status == 0)
        #expect(try get("/").hasSuffix("\r\n\r\n" + long.dropLast()))
        let missing = try call(server, "http", "set_text", "/nowhere", "x")
        #expect(missing.status == 1)
        #expect(missing.errors.contains("no route \"/nowhere\" with a text (there are: /, /empty)"))
        #expect(try call(server, "http", "set_text", "/empty", "x").errors.contains("has no content"))
        #expect(try get("/files/a.txt").hasSuffix("content"))
        #expect(try call(server, "http", "cache_clear").output.hasPrefix("1  ("))
        #expect(try call(server, "http", "cache_clear").output.hasPrefix("0  ("))
        #expect(try get("/files/a.txt").hasSuffix("content"))
    }

    @Test func binaryCountsAndClears() throws {
        let folder = try ServerFolder()
        try folder.install(BuildFolder.plugin("BinaryPlugin"), as: "binary.so")
        try folder.listen("binary", plugin: "binary.so")
        let server = try RunningServer(folder)
        let address = try server.address(of: "binary").text
        for key in ["user:1", "user:2", "job:1"] {
            #expect(
                try Subprocess.run(BuildFolder.martlet, ["binary", "put", address, key, "x"]).output == "created\n")
        }
        #expect(try call(server, "binary", "count", "user:").output == "2\n")
        #expect(try call(server, "binary", "count", "").output == "3\n")
        #expect(try call(server, "binary", "clear", "user:").output == "2\n")
        #expect(try call(server, "binary", "count", "").output == "1\n")
        #expect(try Subprocess.run(BuildFolder.martlet, ["binary", "get", address, "job:1"]).output == "x")
    }
}
