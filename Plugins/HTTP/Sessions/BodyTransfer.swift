import HTTPWire
import MartletKit

/// A request body that is being read: it is dropped or sent back. Content is never kept.
struct BodyTransfer {
    enum Purpose: UInt8 {
        /// Drop the body: the request has its own answer, which does not need the body.
        case discard
        case echo
    }

    var reader: BodyReader
    let purpose: Purpose
    let method: RequestMethod
    let version: RequestHead.Version
    let keepsAlive: Bool
    /// The head of a chunked echo waits for the first chunk: until then a malformed body can still get its 400.
    var headIsSent = false
    /// The body has been read to its end.
    var isDone = false
    /// Bytes of the answer so far.
    var bytesSent = 0
    /// When the head of the request was complete.
    let started: UInt64

    init(_ reader: BodyReader, _ purpose: Purpose, _ exchange: Exchange) {
        self.reader = reader
        self.purpose = purpose
        method = exchange.method
        version = exchange.version
        keepsAlive = exchange.keepsAlive
        started = exchange.connection.monotonicNanoseconds
    }

    init(
        reader: BodyReader, purpose: Purpose, method: RequestMethod, version: RequestHead.Version, keepsAlive: Bool,
        headIsSent: Bool, isDone: Bool, bytesSent: Int, started: UInt64
    ) {
        self.reader = reader
        self.purpose = purpose
        self.method = method
        self.version = version
        self.keepsAlive = keepsAlive
        self.headIsSent = headIsSent
        self.isDone = isDone
        self.bytesSent = bytesSent
        self.started = started
    }

    func exchange(_ connection: Connection<HTTP>, target: Bytes) -> Exchange {
        Exchange(
            connection: connection, method: method, version: version, target: target, keepsAlive: keepsAlive,
            started: started)
    }
}

/// A transfer that waits for more input, and the target of its request for the host's record. On the heap, because few
/// sessions have one at a time, and an idle session should not pay for it.
struct ParkedTransfer {
    var transfer: BodyTransfer
    let target: Bytes

    static func park(_ transfer: BodyTransfer, target: Bytes) -> UnsafeMutablePointer<ParkedTransfer> {
        let memory = UnsafeMutablePointer<ParkedTransfer>.allocate(capacity: 1)
        memory.initialize(to: ParkedTransfer(transfer: transfer, target: Bytes(copying: target)))
        return memory
    }
}

extension UnsafeMutablePointer<ParkedTransfer> {
    func release() {
        pointee.target.deallocate()
        deallocate()
    }
}
