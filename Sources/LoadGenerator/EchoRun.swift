import TLSClient
import Threads

/// One run of an `EchoLoad`: owns the sockets and sends what the streams ask for. Used by one thread.
struct EchoRun: ~Copyable {
    let load: EchoLoad
    private let tls: TLSClientContext?
    var epoll: Epoll
    var connections: [EchoConnection] = []
    var openCount = 0
    var tally: EchoReport
    var latencies = LatencyRecorder()
    /// One buffer for sending and receiving. Neither use outlives the call.
    var scratch: [UInt8]
    var isStopping = false

    struct EchoConnection {
        let socket: Socket
        var stream: EchoStream
        var lastProgress: Nanoseconds = 0
        var hasFinishedSending = false
        var isOpen = true
    }

    private static let eventsPerTurn = 256
    private static let scratchBytes = 65536

    init(_ load: EchoLoad) throws(LoadError) {
        let tls = try load.tls.map(TLSClientContext.make)
        epoll = try Epoll(eventsPerTurn: Self.eventsPerTurn)
        self.load = load
        self.tls = tls
        tally = EchoReport(
            address: load.address.description, connections: load.connections, messageSize: load.messageSize,
            depth: load.depth, seed: load.seed)
        scratch = Array(repeating: 0, count: Self.scratchBytes)
    }

    deinit {
        for connection in connections where connection.isOpen { connection.socket.close() }
    }

    mutating func openConnections() throws(LoadError) {
        connections.reserveCapacity(load.connections)
        for index in 0..<load.connections { try open(index) }
    }

    private mutating func open(_ index: Int) throws(LoadError) {
        let timeout = Int(clamping: load.answerTimeout.milliseconds)
        let socket = try Socket(connectingTo: load.address, timeoutMilliseconds: timeout, tls: tls)
        let stream = EchoStream(
            pattern: StreamPattern(seed: load.seed, connection: index), messageSize: load.messageSize,
            depth: load.depth, quota: quota(ofConnection: index))
        connections.append(EchoConnection(socket: socket, stream: stream))
        openCount += 1
        try socket.stopBlocking()
        try epoll.add(socket, token: UInt32(index))
    }

    private func quota(ofConnection index: Int) -> UInt64 {
        guard case .messages(let total) = load.ending else { return .max }
        let count = UInt64(load.connections)
        return total / count + (UInt64(index) < total % count ? 1 : 0)
    }
}
