/// A function of the plugin, as a report names it.
package enum PluginCall: String, Sendable {
    case create, destroy, opened, received, writable, timer, draining, closed, save, restore, moved
    case loopStart = "loop_start"
    case loopStop = "loop_stop"
    case peerClosed = "peer_closed"
    case release = "a release function"
    case work = "submitted work"
    case delivery = "a delivery"
    case operation = "an operation"
}
