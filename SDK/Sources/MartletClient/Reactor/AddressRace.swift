/// Which of the addresses of a server to try, and when: the next one after 250 ms, or as soon as no other is being tried. A simple form
/// of RFC 8305, section 5.
struct AddressRace: Sendable {
    private let count: Int
    private var started = 0
    private var running = 0
    /// When the next address is tried even though another has not failed yet; nil: there is no other, or it is tried at once.
    private(set) var nextMilliseconds: UInt64?

    static var delayMilliseconds: UInt64 { 250 }

    init(addresses count: Int) { self.count = count }

    /// No address is left.
    var isLost: Bool { running == 0 && started == count }

    /// The index of the address to try now; nil: none.
    mutating func next(nowMilliseconds now: UInt64) -> Int? {
        guard started < count, running == 0 || now >= nextMilliseconds ?? 0 else { return nil }
        running += 1
        started += 1
        nextMilliseconds = started < count ? now + Self.delayMilliseconds : nil
        return started - 1
    }

    mutating func failed() { running -= 1 }

    /// Families in turn, so that a network without one of them costs one delay. RFC 8305, section 4
    static func interleave<Address>(_ addresses: [Address], isFirstFamily: (Address) -> Bool) -> [Address] {
        let (first, second) = (addresses.filter(isFirstFamily), addresses.filter { !isFirstFamily($0) })
        let longest = max(first.count, second.count)
        return (0..<longest).flatMap { index in
            [first, second].compactMap { index < $0.count ? $0[index] : nil }
        }
    }
}
