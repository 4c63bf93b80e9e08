/// A peer that speaks in lines. Used by one thread at a time.
final class Lines: @unchecked Sendable {
    let peer: Peer
    private var rest: [UInt8] = []
    /// Where the next line begins in `rest`.
    private var start = 0

    init(_ peer: Peer) { self.peer = peer }

    func send(_ line: String) throws { try peer.send(line + "\n") }

    func ask(_ line: String) throws -> String {
        try send(line)
        return try hear()
    }

    func hear() throws -> String {
        var searched = start
        while true {
            if let end = rest[searched...].firstIndex(of: UInt8(ascii: "\n")) {
                defer { start = end + 1 }
                return String(decoding: rest[start..<end], as: UTF8.self)
            }
            rest.removeFirst(start)
            (start, searched) = (0, rest.count)
            let some = try peer.receiveSome()
            guard !some.isEmpty else { throw Failure("the stream ended") }
            rest += some
        }
    }
}
