import Engine

/// A runtime that has outlived the control side that made it. Its connections go on. The next control side takes its listening sockets, and
/// lets it end with its last connection.
///
/// On any thread.
package protocol OrphanedRuntime: AnyObject, Sendable {
    var processID: Int32 { get }
    /// Of its host.
    var name: String { get }
    /// Descriptors that hold the locks of its server. The caller closes them.
    var locks: [Int32] { get }
    /// The limits that it shares with the other runtimes of its server, and its place there.
    var quotas: SharedQuotas { get }
    var place: Int { get }
    /// The caller closes their descriptors.
    var sockets: [OrphanedSockets] { get }

    /// It accepts no more peers, and ends when its last connection does.
    func letGo()
    /// Asks all sessions to finish what they have begun and close.
    func beginDraining()
    /// What is left to do, as it publishes it. Nothing, once it has ended.
    var activity: RuntimeActivity { get }
    /// Ends it at once.
    func abandon()
}

/// The runtimes that an earlier control side has left.
package struct Orphans: Sendable {
    /// One that did not answer.
    package struct Ended: Sendable {
        package var processID: Int32
        package var place: Int
        package var reason: String

        package init(processID: Int32, place: Int, reason: String) {
            (self.processID, self.place, self.reason) = (processID, place, reason)
        }
    }

    package var runtimes: [any OrphanedRuntime] = []
    package var ended: [Ended] = []

    package init() {}
}

/// The listening sockets of an address.
package struct OrphanedSockets: Sendable {
    package var listener: String
    /// As the listener's file says it.
    package var configured: String
    /// That the kernel chose, or the file's; nil: a Unix socket.
    package var port: UInt16?
    /// All descriptors are of one socket.
    package var shared: Bool
    package var descriptors: [Int32]

    package init(listener: String, configured: String, port: UInt16?, shared: Bool, descriptors: [Int32]) {
        self.listener = listener
        self.configured = configured
        self.port = port
        self.shared = shared
        self.descriptors = descriptors
    }
}
