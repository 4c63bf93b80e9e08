import CMartlet

/// A protocol implementation for Martlet: one value per listener and generation.
///
/// Its sessions run on all event loops at once, so everything that they share must be `Sendable`. Put state that changes on the hot path
/// into `LoopState`: each loop has its own.
public protocol Plugin: Sendable {
    /// The state of one connection.
    associatedtype Session: MartletKit.Session where Session.Plugin == Self
    /// The state that the sessions on one event loop share without locks.
    associatedtype LoopState = Void

    /// Describes the plugin. The host reads it before it creates an instance.
    static var manifest: Manifest { get }

    /// Creates an instance from a listener's options, which the host has checked against the manifest. May block. An error refuses
    /// the listener, and names the option in its file. The host runs this in a child process first, to probe the plugin. [control]
    ///
    /// - Parameters:
    ///   - options: checked, with the defaults filled in.
    ///   - host: the host's services; keep the value to use them later. Metrics can be registered only here.
    init(options: Options, host: Host<Self>) throws(OptionError)

    /// Creates the state for one event loop, before its first session. Must not block. [loop]
    ///
    /// - Parameter loop: from 0.
    func makeLoopState(loop: Int) -> LoopState

    /// The SDK calls this and the three functions below. Use their default implementations.
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
    /// The sessions of a loop share nothing.
    public func makeLoopState(loop: Int) {}
}

/// Describes a plugin, and the options that it understands.
public struct Manifest: Sendable {
    /// Letters, digits, `-` and `_`.
    public var name: String
    /// The version of the plugin, usually three numbers. Printed with each generation.
    public var version: String
    /// One line.
    public var summary: String
    /// A shell command to try it with; `{host}` and `{port}` stand for the address.
    public var example: String
    /// The options that a listener's `[options]` may contain.
    public var options: [Option]
    /// Where the callbacks can run.
    public var threads: CallbackThreads
    /// The functions that operators can call: `martlet call`.
    public var operations: [Operation]
    /// What the plugin cannot run without: a host that lacks one of them refuses the plugin.
    public var requires: [HostExtension]
    /// What becomes of the connections when the process dies.
    public var onCrash: OnCrash

    /// - Parameters:
    ///   - name: letters, digits, `-` and `_`.
    ///   - version: of the plugin.
    ///   - summary: one line.
    ///   - example: a shell command to try it with; `{host}` and `{port}` stand for the address.
    ///   - options: the options that a listener's `[options]` may contain.
    ///   - threads: where the callbacks can run.
    ///   - operations: the functions that operators can call.
    ///   - requires: extensions of the host that the plugin cannot run without.
    ///   - onCrash: what becomes of the connections when the process dies.
    public init(
        name: String, version: String, summary: String, example: String = "", options: [Option] = [],
        threads: CallbackThreads = .loops, operations: [Operation] = [],
        requires: [HostExtension] = [], onCrash: OnCrash = .automatic
    ) {
        self.name = name
        self.version = version
        self.summary = summary
        self.example = example
        self.options = options
        self.threads = threads
        self.operations = operations
        self.requires = requires
        self.onCrash = onCrash
    }
}

/// What becomes of the connections of a plugin when its process dies. Another process creates the instance anew, without what it kept in
/// memory. Connections whose callback was running, and those whose sessions cannot be restored, are closed in any case: see `PlainSession`
/// and `RestorableSession.checkpoints`.
public enum OnCrash: Sendable {
    /// They go on, unless the plugin is a `StatefulPlugin`: then they are closed.
    case automatic
    /// They go on, although the state of the instance is lost.
    case adopt
    /// They are closed, because peers rely on what is lost.
    case close
}

/// Where the callbacks of a plugin can run. In either place, callbacks of one connection never overlap.
public enum CallbackThreads: Sendable {
    /// On event loops: they never block. Callbacks of one loop never overlap.
    case loops
    /// On the worker pool: they may block. Callbacks of different connections overlap, so several threads use a `LoopState` at once.
    case workers
    /// On either, as the listener chooses: they never block, and they use `LoopState` as if several threads did so at once.
    case both
}
