import Glibc
import TLSClient
import Threads

/// Connections that are open and do nothing, for measuring what they cost the server. All are closed when the value is destroyed.
/// Opening is sequential and blocks; the process needs a file descriptor for each.
package struct IdleConnections: ~Copyable {
    private var sockets: [Socket] = []

    package struct Options: Sendable {
        package var address: TargetAddress
        package var count = 10_000
        /// Sends one HTTP request on each connection and reads its answer, which must have status 200.
        package var makesHTTPRequest = false
        /// nil: the connections are not encrypted.
        package var tls: TLSClientSettings?
        /// Limit on connecting and on each answer.
        package var answerTimeout: Duration = .seconds(10)

        package init(address: TargetAddress) { self.address = address }
    }

    package init(_ options: Options) throws(LoadError) {
        try open(options)
    }

    deinit {
        for socket in sockets { socket.close() }
    }

    package var count: Int { sockets.count }

    /// How many connections the server has not closed.
    package func countOpen() -> Int { sockets.count { $0.isOpen } }

    /// Keeps the connections open until a file descriptor has been read to its end: closing standard input closes the
    /// connections.
    package func hold(untilEndOf descriptor: Int32 = 0) {
        var byte: UInt8 = 0
        while true {
            let count = read(descriptor, &byte, 1)
            if count == 0 || (count < 0 && errno != EINTR) { return }
        }
    }

    private mutating func open(_ options: Options) throws(LoadError) {
        sockets.reserveCapacity(options.count)
        let timeout = Int(clamping: options.answerTimeout.milliseconds)
        let tls = try options.tls.map(TLSClientContext.make)
        for _ in 0..<options.count {
            let socket = try Socket(connectingTo: options.address, timeoutMilliseconds: timeout, tls: tls)
            sockets.append(socket)
            try socket.stopBlocking()
            if options.makesHTTPRequest {
                try HTTPExchange(socket: socket, address: options.address, timeoutMilliseconds: timeout).run()
            }
        }
    }
}
