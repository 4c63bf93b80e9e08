import CMartlet
import MartletKit
import MartletKitTesting
import Testing

/// Operations of a Swift plugin, called in the simulated host.
@Suite struct OperationTests {
    @Test func theSignatureComesFromTheFunction() {
        func signature<Function>(_ function: Function, _ names: String...) -> String {
            Operation("x", arguments: names, help: "", function: function).signature
        }
        #expect(
            signature({ _ in } as @convention(c) (OperationEnv) -> Void) == "void()")
        #expect(
            signature(
                { _, _, _, _ in nil }
                    as @convention(c) (OperationEnv, UnsafePointer<CChar>, Bool, martlet_bytes)
                    -> UnsafePointer<CChar>?, "path", "deep") == "cstr(cstr path, bool deep, bytes)")
        #expect(
            signature(
                { _, _, _, _, _, _ in 0 }
                    as @convention(c) (OperationEnv, Int32, UInt32, Int64, UInt64, Double)
                    -> Double) == "f64(i32, u32, i64, u64, f64)")
    }

    /// The signature is then the Swift type, which the host refuses and prints.
    @Test func aFunctionOfAnotherTypeIsRefusedAndNamed() {
        let swift = Operation("x", help: "", function: { (number: Int) in number })
        #expect(swift.signature == "(Swift.Int) -> Swift.Int")
        let float = Operation(
            "x", help: "",
            function: { _, _ in } as @convention(c) (OperationEnv, Float) -> Void)
        #expect(float.signature.contains("Swift.Float"))
        let names = Operation(
            "x", arguments: ["one"], help: "",
            function: { _ in } as @convention(c) (OperationEnv) -> Void)
        #expect(names.signature.hasPrefix("@convention(c)"), "more names than arguments")
    }

    @Test func anOperationRunsOnceOrOnEachLoop() throws {
        let host = try SimulatedHost(Tally.self, loops: 2)
        host.connect(loop: 0).send("abc")
        host.connect(loop: 1).send("d")
        #expect(try host.call("bytes") == ["3", "1"])
        #expect(try host.call("greet", "you") == ["hello you"])
        #expect(try host.call("reset") == ["", ""])
        #expect(try host.call("bytes") == ["0", "0"])
        #expect(host.shutDown() == [])
    }

    @Test func anErrorIsThrown() throws {
        let host = try SimulatedHost(Tally.self)
        #expect(throws: SimulationError.operation("nobody to greet")) { try host.call("greet", "") }
        #expect(throws: SimulationError.operation("expected 1 argument, found 0: greet(cstr name) -> cstr")) {
            try host.call("greet")
        }
        #expect(throws: SimulationError.operation("the operation needs a loop state, but does not run on loops")) {
            try host.call("misplaced")
        }
        #expect(
            throws: SimulationError.operation(
                "the operation is written for the plugin type Other, but another one offers it")
        ) { try host.call("stranger") }
        #expect(
            throws: SimulationError.operation(
                "no operation \"x\" (there are: bytes, reset, greet, misplaced, stranger)")
        ) {
            try host.call("x")
        }
        #expect(host.shutDown() == [])
    }
}

/// Counts bytes on each loop.
private struct Tally: Plugin {
    struct LoopState { var bytes: Int64 = 0 }

    static let manifest = Manifest(
        name: "tally", version: "1", summary: "Counts bytes",
        operations: [
            Operation(
                "bytes", on: .loops, help: "",
                function: { env in Tally.operate(onLoop: env) { _, loop in loop.bytes } }
                    as @convention(c) (OperationEnv) -> Int64),
            Operation(
                "reset", on: .loops, help: "",
                function: { env in Tally.operate(onLoop: env) { _, loop in loop.bytes = 0 } }
                    as @convention(c) (OperationEnv) -> Void),
            Operation(
                "greet", on: .worker, arguments: ["name"], help: "",
                function: { env, name in
                    Tally.operate(env) { (_, _) throws(OperationError) -> UnsafePointer<CChar>? in
                        guard name.pointee != 0 else { throw OperationError("nobody to greet") }
                        return Operation.text("hello \(String(cString: name))")
                    }
                } as @convention(c) (OperationEnv, UnsafePointer<CChar>) -> UnsafePointer<CChar>?),
            Operation(
                "misplaced", help: "",
                function: { env in Tally.operate(onLoop: env) { _, loop in loop.bytes } }
                    as @convention(c) (OperationEnv) -> Int64),
            Operation(
                "stranger", help: "",
                function: { env in Other.operate(env) { (_, _) throws(OperationError) -> Int64 in 1 } }
                    as @convention(c) (OperationEnv) -> Int64),
        ])

    init(options: Options, host: Host<Tally>) throws(OptionError) {}

    func makeLoopState(loop: Int) -> LoopState { LoopState() }

    struct Session: MartletKit.Session {
        typealias Plugin = Tally

        init(opening connection: Connection<Tally>) {}

        mutating func received(_ input: Span<UInt8>, from connection: Connection<Tally>) -> Int {
            connection.loop.bytes += Int64(input.count)
            return input.count
        }
    }
}

/// Another plugin.
private struct Other: Plugin {
    static let manifest = Manifest(name: "other", version: "1", summary: "")

    init(options: Options, host: Host<Other>) throws(OptionError) {}

    struct Session: MartletKit.Session {
        typealias Plugin = Other

        init(opening connection: Connection<Other>) {}

        mutating func received(_ input: Span<UInt8>, from connection: Connection<Other>) -> Int { input.count }
    }
}
