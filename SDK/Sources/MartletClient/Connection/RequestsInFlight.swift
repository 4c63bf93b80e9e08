/// The requests of a connection that wait for answers, by the ids of the session.
struct RequestsInFlight: Sendable {
    struct Entry: Sendable {
        let requestID: UInt32
        /// nil: the caller has given up, or it is a heartbeat of the client's own.
        var call: SlotID?
        let isHeartbeat: Bool
        /// Where the frame is in the output.
        let frame: Range<UInt64>
    }

    private var entries: [Entry?]
    private let mask: Int
    private(set) var count = 0
    /// Requests whose callers have given up.
    private(set) var abandoned = 0

    /// - Parameter capacity: that of the session, a power of two. The ids in flight differ modulo it.
    init(capacity: Int) {
        precondition(capacity.nonzeroBitCount == 1, "the capacity is a power of two")
        entries = Array(repeating: nil, count: capacity)
        mask = capacity - 1
    }

    mutating func insert(_ entry: Entry) {
        let index = Int(entry.requestID) & mask
        assert(entries[index] == nil, "two requests in flight have the same slot")
        entries[index] = entry
        count += 1
    }

    mutating func remove(_ requestID: UInt32) -> Entry? {
        let index = Int(requestID) & mask
        guard let entry = entries[index], entry.requestID == requestID else { return nil }
        entries[index] = nil
        count -= 1
        if entry.call == nil, !entry.isHeartbeat { abandoned -= 1 }
        return entry
    }

    /// The answer will be dropped.
    mutating func abandon(_ requestID: UInt32) -> Entry? {
        let index = Int(requestID) & mask
        guard let entry = entries[index], entry.requestID == requestID, entry.call != nil else { return nil }
        entries[index]?.call = nil
        abandoned += 1
        return entry
    }

    /// In the order in which they were made.
    func sorted() -> [Entry] { entries.compactMap(\.self).sorted { $0.frame.lowerBound < $1.frame.lowerBound } }
}
