import CMartlet
import Glibc

/// A function that an operator calls by hand: `martlet call LISTENER NAME ARGUMENT...` (`martlet.operations/1`).
///
/// The function is a C function, so that the host can call it with arguments of its own types. MartletKit derives the signature from the
/// Swift type: an `OperationEnv`, then at most eight of `Bool`, `Int32`, `UInt32`, `Int64`, `UInt64`, `Double`, `UnsafePointer<CChar>`
/// (text) and `martlet_bytes`. The result is one of those, `Void`, or text from `text(_:)`.
///
///     Operation("count", arguments: ["prefix"], help: "Keys that begin with a prefix", function: { env, prefix in
///         Store.operate(env) { store, _ in store.count(String(cString: prefix)) }
///     } as @convention(c) (OperationEnv, UnsafePointer<CChar>) -> Int64)
public struct Operation: @unchecked Sendable {
    /// Where the host calls a function.
    public enum Place: Sendable {
        /// Once, while reloads wait: for short operations.
        case control
        /// On each event loop, one after the other, with its loop state. The host also adds up the results that are numbers.
        case loops
        /// Once, on a worker: for long operations.
        case worker
    }

    /// Letters, digits, `-` and `_`.
    public let name: String
    /// In the host's grammar: `i64(cstr prefix)`.
    public let signature: String
    /// Where the host calls the function.
    public let place: Place
    /// One line.
    public let help: String
    let function: @convention(c) () -> Void

    /// - Parameters:
    ///   - name: letters, digits, `-` and `_`.
    ///   - place: where the host calls the function.
    ///   - arguments: names for the help, without the leading parameter.
    ///   - help: one line.
    ///   - function: a closure `as @convention(c) (OperationEnv, ...) -> ...`. The host refuses any other type, and names it.
    public init<Function>(
        _ name: String, on place: Place = .control, arguments: [String] = [], help: String, function: Function
    ) {
        self.name = name
        self.place = place
        self.help = help
        let type = String(reflecting: Function.self)
        guard let signature = OperationSignature.read(type, names: arguments),
            MemoryLayout<Function>.size == MemoryLayout<UnsafeRawPointer>.size
        else {
            self.signature = type
            self.function = {}
            return
        }
        self.signature = signature
        self.function = unsafeBitCast(function, to: (@convention(c) () -> Void).self)
    }

    /// A text as the result of an operation.
    public static func text(_ text: String) -> UnsafePointer<CChar>? { UnsafePointer(strdup(text)) }

    /// Bytes as the result of an operation.
    public static func bytes(_ bytes: RawSpan) -> martlet_bytes {
        bytes.withUnsafeBytes { bytes in
            guard let memory = malloc(max(bytes.count, 1)) else { return martlet_bytes() }
            if let base = bytes.baseAddress { memory.copyMemory(from: base, byteCount: bytes.count) }
            return martlet_bytes(data: memory.assumingMemoryBound(to: UInt8.self), length: bytes.count)
        }
    }
}

/// The instance of an operation, and the event loop if it runs on one. Pass it to `Plugin.operate`. Never nil.
public typealias OperationEnv = UnsafePointer<martlet_env>?

/// Why an operation failed. The caller reads the message.
public struct OperationError: Error, Sendable {
    /// One line, for the person who called.
    public var message: String

    /// - Parameter message: one line, for the person who called.
    public init(_ message: String) { self.message = message }
}

/// The result type of an operation. It needs a value to return after a failure, which the host ignores.
public protocol OperationResult {
    /// The placeholder for the result of a failed operation.
    static var ofFailure: Self { get }
}

extension Bool: OperationResult { public static var ofFailure: Bool { false } }
extension Int32: OperationResult { public static var ofFailure: Int32 { 0 } }
extension UInt32: OperationResult { public static var ofFailure: UInt32 { 0 } }
extension Int64: OperationResult { public static var ofFailure: Int64 { 0 } }
extension UInt64: OperationResult { public static var ofFailure: UInt64 { 0 } }
extension Double: OperationResult { public static var ofFailure: Double { 0 } }
extension Optional: OperationResult { public static var ofFailure: Wrapped? { nil } }
extension martlet_bytes: OperationResult { public static var ofFailure: martlet_bytes { martlet_bytes() } }

extension Plugin {
    /// Runs an operation with the instance that its first parameter refers to. A thrown error becomes the answer of the call.
    public static func operate<Result: OperationResult>(
        _ env: OperationEnv, _ body: (Self, Host<Self>) throws(OperationError) -> Result
    ) -> Result {
        do throws(OperationError) {
            let env = try own(env)
            return try body(env.box(Self.self).pointee.plugin, env.box(Self.self).pointee.host)
        } catch {
            fail(env, error)
            return .ofFailure
        }
    }

    /// The same for an operation without a result.
    public static func operate(_ env: OperationEnv, _ body: (Self, Host<Self>) throws(OperationError) -> Void) {
        do throws(OperationError) {
            let env = try own(env)
            try body(env.box(Self.self).pointee.plugin, env.box(Self.self).pointee.host)
        } catch {
            fail(env, error)
        }
    }

    /// The same for an operation on event loops: with the state of the loop, in place.
    public static func operate<Result: OperationResult>(
        onLoop env: OperationEnv, _ body: (Self, inout LoopState) throws(OperationError) -> Result
    ) -> Result {
        do throws(OperationError) {
            let env = try own(env)
            return try body(env.box(Self.self).pointee.plugin, &(try loopState(env)).pointee)
        } catch {
            fail(env, error)
            return .ofFailure
        }
    }

    /// The same for an operation on event loops without a result.
    public static func operate(
        onLoop env: OperationEnv, _ body: (Self, inout LoopState) throws(OperationError) -> Void
    ) {
        do throws(OperationError) {
            let env = try own(env)
            try body(env.box(Self.self).pointee.plugin, &(try loopState(env)).pointee)
        } catch {
            fail(env, error)
        }
    }

    private static func own(_ env: OperationEnv) throws(OperationError) -> UnsafePointer<martlet_env> {
        guard let env, env.pluginType == Self.self else {
            throw OperationError("the operation is written for the plugin type \(Self.self), but another one offers it")
        }
        return env
    }

    private static func loopState(
        _ env: UnsafePointer<martlet_env>
    ) throws(OperationError) -> UnsafeMutablePointer<LoopState> {
        guard let state = env.pointee.loop_state else {
            throw OperationError("the operation needs a loop state, but does not run on loops")
        }
        return state.assumingMemoryBound(to: LoopState.self)
    }

    private static func fail(_ env: OperationEnv, _ error: OperationError) {
        guard let env else { return }
        withText("") { path in
            withText(error.message) { env.pointee.host.pointee.refuse(env.pointee.instance, path, $0) }
        }
    }
}

/// Derives the signature that the host reads from the Swift type of a C function.
enum OperationSignature {
    private static let leading = "@convention(c) (\(String(reflecting: OperationEnv.self))"

    private static let types = [
        "()": "void", "Swift.Bool": "bool", "Swift.Int32": "i32", "Swift.UInt32": "u32", "Swift.Int64": "i64",
        "Swift.UInt64": "u64", "Swift.Int": "i64", "Swift.UInt": "u64", "Swift.Double": "f64",
        "Swift.UnsafePointer<Swift.Int8>": "cstr", "Swift.Optional<Swift.UnsafePointer<Swift.Int8>>": "cstr",
        "__C.martlet_bytes": "bytes",
    ]

    /// - Parameter type: "@convention(c) (Swift.Optional<...>, Swift.UInt32) -> Swift.Int64"
    static func read(_ type: String, names: [String]) -> String? {
        guard type.hasPrefix(leading) else { return nil }
        var rest = type.dropFirst(leading.count)
        var arguments: [String] = []
        while rest.hasPrefix(", ") {
            let written = rest.dropFirst(2).prefix { $0 != "," && $0 != ")" }
            guard let argument = types[String(written)], argument != "void" else { return nil }
            let name = arguments.count < names.count ? " " + names[arguments.count] : ""
            arguments.append(argument + name)
            rest = rest.dropFirst(2 + written.count)
        }
        guard rest.hasPrefix(") -> "), let result = types[String(rest.dropFirst(5))], names.count <= arguments.count
        else { return nil }
        return "\(result)(\(arguments.joined(separator: ", ")))"
    }
}

/// The extension of a plugin with operations. It lives as long as the image.
func makeOperationsExtension(_ operations: [Operation]) -> martlet_extension {
    let entries = operations.map { operation in
        var entry = martlet_operation()
        entry.size = UInt32(MemoryLayout<martlet_operation>.size)
        entry.place =
            switch operation.place {
            case .control: MARTLET_ON_CONTROL
            case .loops: MARTLET_ON_LOOPS
            case .worker: MARTLET_ON_WORKER
            }
        entry.name = permanent(operation.name)
        entry.signature = permanent(operation.signature)
        entry.help = permanent(operation.help)
        entry.function = operation.function
        return entry
    }
    var table = martlet_operations()
    table.size = UInt32(MemoryLayout<martlet_operations>.size)
    table.operations = UnsafePointer(permanent(entries).baseAddress)
    table.operation_count = entries.count
    table.release = { _, data in free(UnsafeMutableRawPointer(mutating: data)) }
    var entry = martlet_extension()
    entry.size = UInt32(MemoryLayout<martlet_extension>.size)
    entry.id = permanent(MARTLET_OPERATIONS)
    entry.functions = UnsafeRawPointer(permanent([table]).baseAddress)
    return entry
}
