/// The requests of a connection that wait for answers, by the ids of the session.
struct RequestsInFlight: Sendable {
    struct Entry: Sendable {
        let requestID: UInt32
        var purpose: Purpose
        /// Where the frame is in the output.
        let frame: Range<UInt64>

        var call: SlotID? { if case .call(let call) = purpose { call } else { nil } }
    }

    enum Purpose: Equatable, Sendable {
        case call(SlotID)
        /// The caller has given up.
        case abandoned
        /// Puts a watch in place again.
        case watch(SlotID)
        /// Tells the server who the client is.
        case login
        /// The client's own: nobody waits for the answer.
        case own
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
        if entry.purpose == .abandoned { abandoned -= 1 }
        return entry
    }

    /// The answer will be dropped.
    mutating func abandon(_ requestID: UInt32) -> Entry? {
        let index = Int(requestID) & mask
        guard let entry = entries[index], entry.requestID == requestID, entry.call != nil else { return nil }
        entries[index]?.purpose = .abandoned
        abandoned += 1
        return entry
    }

    /// In the order in which they were made.
    func sorted() -> [Entry] { entries.compactMap(\.self).sorted { $0.frame.lowerBound < $1.frame.lowerBound } }
}
