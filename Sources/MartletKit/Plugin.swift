import CMartlet

/// A protocol implementation for Martlet: one value per listener and generation.
///
/// Its sessions run on every event loop at once, so what they share must be `Sendable`; what is hot and changes belongs
/// into `LoopState`, of which each loop has its own.
public protocol Plugin: Sendable {
    /// The state of one connection.
    associatedtype Session: MartletKit.Session where Session.Plugin == Self
    /// The state that the sessions on one event loop share without locks.
    associatedtype LoopState = Void

    /// What the plugin is: read before anything is created.
    static var manifest: Manifest { get }

    /// Makes an instance from a listener's options, which the host has checked against the manifest. May block. An error refuses
    /// the listener, and names the option in its file. Runs in a child process first, which tries the plugin. [control]
    ///
    /// - Parameters:
    ///   - options: checked, defaults filled in.
    ///   - host: to be kept, if anything is to be asked of the host later. Metrics are registered here and nowhere else.
    init(options: Options, host: Host<Self>) throws(OptionError)

    /// Makes the state for one event loop, before its first session. Must not block. [loop]
    ///
    /// - Parameter loop: from 0.
    func makeLoopState(loop: Int) -> LoopState

    /// Called by the SDK; the default does what is needed.
    static func _openSession(
        _ memory: UnsafeMutableRawPointer, _ env: UnsafePointer<martlet_env>, _ handle: OpaquePointer,
        _ opening: UnsafePointer<martlet_opening>
    ) -> Bool
    static func _received(
        _ session: UnsafeMutableRawPointer, _ env: UnsafePointer<martlet_env>, _ handle: OpaquePointer,
        _ data: UnsafePointer<UInt8>, _ count: Int, _ consumed: UnsafeMutablePointer<Int>
    ) -> martlet_result
    static func _signal(
        _ signal: SessionSignal, _ session: UnsafeMutableRawPointer, _ env: UnsafePointer<martlet_env>,
        _ handle: OpaquePointer)
    static func _closed(
        _ session: UnsafeMutableRawPointer, _ env: UnsafePointer<martlet_env>, _ handle: OpaquePointer,
        _ reason: CloseReason)
}

extension Plugin where LoopState == Void {
    /// Nothing is shared.
    public func makeLoopState(loop: Int) {}
}

/// What a plugin is and which options it understands.
public struct Manifest: Sendable {
    /// Letters, digits, `-` and `_`.
    public var name: String
    /// Of the plugin; three numbers are usual. Printed wherever a generation is.
    public var version: String
    /// One line.
    public var summary: String
    /// A shell command to try it with; `{host}` and `{port}` stand for the address.
    public var example: String
    /// What a listener's `[options]` may hold.
    public var options: [Option]
    /// Where its callbacks can run.
    public var threads: CallbackThreads
    /// What operators can call: `martlet call`.
    public var operations: [Operation]

    /// - Parameters:
    ///   - name: letters, digits, `-` and `_`.
    ///   - version: of the plugin.
    ///   - summary: one line.
    ///   - example: a shell command to try it with; `{host}` and `{port}` stand for the address.
    ///   - options: what a listener's `[options]` may hold.
    ///   - threads: where its callbacks can run.
    ///   - operations: what operators can call.
    public init(
        name: String, version: String, summary: String, example: String = "", options: [Option] = [],
        threads: CallbackThreads = .loops, operations: [Operation] = []
    ) {
        self.name = name
        self.version = version
        self.summary = summary
        self.example = example
        self.options = options
        self.threads = threads
        self.operations = operations
    }
}

/// Where the callbacks of a plugin can run. Those of one connection never overlap, wherever it is.
public enum CallbackThreads: Sendable {
    /// On event loops: they never block. Those of one loop never overlap.
    case loops
    /// On the worker pool: they may block. Those of different connections overlap, and so share `LoopState` with others.
    case workers
    /// On either, as the listener says: they never block, and use `LoopState` only as what several threads may use at a time.
    case both
}
