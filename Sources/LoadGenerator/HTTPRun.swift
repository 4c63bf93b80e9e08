import TLSClient
import Threads

/// One run of an `HTTPLoad`: owns the sockets. Used by one thread.
struct HTTPRun: ~Copyable {
    let load: HTTPLoad
    let request: [UInt8]
    private let tls: TLSClientContext?
    var epoll: Epoll
    var connections: [HTTPConnection] = []
    var openCount = 0
    var tally: HTTPReport
    var latencies = LatencyRecorder()
    /// Answers are short: the bytes of one receive are checked here, and kept elsewhere only when the answer is incomplete.
    var scratch: [UInt8]
    var isStopping = false

    struct HTTPConnection {
        var socket: Socket
        /// Requests that may still be started.
        var quota: UInt64
        /// When the current request was first sent; nil between two requests.
        var startTime: Nanoseconds?
        /// Bytes of the request that the kernel has not taken.
        var unsentCount = 0
        /// The beginning of an answer that is not complete yet.
        var partialAnswer: [UInt8] = []
        var isOpen = true
    }

    private static let eventsPerTurn = 256
    private static let scratchBytes = 65536

    init(_ load: HTTPLoad) throws(LoadError) {
        let tls = try load.tls.map(TLSClientContext.make)
        epoll = try Epoll(eventsPerTurn: Self.eventsPerTurn)
        self.load = load
        self.tls = tls
        request = HTTPExchange.request(to: load.address)
        tally = HTTPReport(address: load.address.description, connections: load.connections)
        scratch = Array(repeating: 0, count: Self.scratchBytes)
    }

    deinit {
        for connection in connections where connection.isOpen { connection.socket.close() }
    }

    mutating func openConnections() throws(LoadError) {
        connections.reserveCapacity(load.connections)
        for index in 0..<load.connections {
            connections.append(HTTPConnection(socket: try open(index), quota: quota(ofConnection: index)))
            openCount += 1
        }
    }

    /// Blocks until the server's accept queue has taken the connection, which takes no time on one machine.
    func open(_ index: Int) throws(LoadError) -> Socket {
        let timeout = Int(clamping: load.answerTimeout.milliseconds)
        let socket = try Socket(connectingTo: load.address, timeoutMilliseconds: timeout, tls: tls)
        do throws(LoadError) {
            try socket.stopBlocking()
            try epoll.add(socket, token: UInt32(index))
        } catch {
            socket.close()
            throw error
        }
        return socket
    }

    private func quota(ofConnection index: Int) -> UInt64 {
        guard case .requests(let total) = load.ending else { return .max }
        let count = UInt64(load.connections)
        return total / count + (UInt64(index) < total % count ? 1 : 0)
    }
}
