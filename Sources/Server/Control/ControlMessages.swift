/// What the command line asks of a running server: one line of JSON each way on the control socket.
package enum ControlRequest: String, Codable, Sendable {
    case status, plugins, reload
}

package struct ControlQuestion: Codable, Sendable {
    package var request: ControlRequest

    package init(_ request: ControlRequest) { self.request = request }
}

package struct ControlAnswer: Codable, Sendable {
    package var error: String?
    package var status: StatusReport?
    package var plugins: [PluginRow]?
    package var receipt: Receipt?

    package init() {}
}
