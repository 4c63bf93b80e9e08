import CMartlet

/// The functions of a plugin that the hot path calls, with the types of `martlet.h`.
///
/// A table of C function pointers costs no retain or release, and a call is one indirect jump.
package struct SessionCallbacks: Sendable {
    package typealias Env = UnsafePointer<martlet_env>?
    package typealias Session = UnsafeMutableRawPointer?
    package typealias Connection = OpaquePointer?
    package typealias Place = UnsafeMutablePointer<UnsafeMutableRawPointer?>?
    package typealias Signal = @convention(c) (Env, Session, Connection) -> Void

    package var opened: @convention(c) (Env, Connection, UnsafePointer<martlet_opening>?, Place) -> martlet_result
    package var received:
        @convention(c) (Env, Session, Connection, UnsafePointer<UInt8>?, Int, UnsafeMutablePointer<Int>?) ->
            martlet_result
    package var writable: Signal?
    package var timer: Signal?
    package var peerClosed: Signal?
    package var draining: Signal?
    /// Always set if the plugin makes its sessions itself.
    package var closed: (@convention(c) (Env, Session, Connection, martlet_close_reason) -> Void)?
    package var loopStart: (@convention(c) (Env, Place) -> martlet_result)?
    package var loopStop: (@convention(c) (Env) -> Void)?
    package var layout: SessionLayout
    /// Set when the plugin saves and restores its sessions.
    package var state: SessionStateFunctions?
    /// Connections go on in a successor of a process that has died.
    package var adopts: Bool

    /// nil: the plugin does not serve streams, because it has none of `opened`, `received` and `closed`.
    package init?(_ plugin: martlet_plugin) throws(SizedStructProblem) {
        if plugin.opened == nil, plugin.received == nil, plugin.closed == nil { return nil }
        guard let opened = plugin.opened else { throw Self.lacking("opened") }
        guard let received = plugin.received else { throw Self.lacking("received") }
        layout = try SessionLayout(plugin)
        guard plugin.closed != nil || layout.size > 0 else { throw Self.lacking("closed") }
        self.opened = opened
        self.received = received
        closed = plugin.closed
        writable = plugin.writable
        timer = plugin.timer
        peerClosed = plugin.peer_closed
        draining = plugin.draining
        loopStart = plugin.loop_start
        loopStop = plugin.loop_stop
        state = try SessionStateFunctions(plugin)
        let keepsState = try plugin.functions(of: MARTLET_INSTANCE_STATE) != nil
        adopts =
            plugin.flags & MARTLET_PLUGIN_ON_CRASH_ADOPT != 0
            || plugin.flags & MARTLET_PLUGIN_ON_CRASH_CLOSE == 0 && !keepsState
    }

    private static func lacking(_ function: String) -> SizedStructProblem {
        SizedStructProblem("its descriptor lacks the function \"\(function)\"")
    }

    /// Whether sessions of this plugin can continue as sessions of another, which may be older or newer.
    package func canMove(to other: SessionCallbacks) -> Bool {
        if layout.isSamePlain(as: other.layout) { return true }
        guard let state, let other = other.state else { return false }
        return state.versions.fits(other.versions)
    }
}
