import CMartlet
import Glibc

/// What the plugin lent with `write_shared` or `send_file`, to be given back exactly once.
///
/// It belongs to the instance that lent it, also when its session has moved: that instance is not destroyed before.
struct Loan {
    let release: martlet_release?
    let context: UnsafeMutableRawPointer?
    /// nil until it is lent.
    var lender: SimulatedHost?

    func giveBack() { release?(context) }
}

/// Output that the peer has not taken yet, in the order of the calls.
struct OutputQueue {
    private enum Source {
        case copied([UInt8])
        /// `expected`: what the memory held when it was lent, because it must not change before its release.
        case shared(UnsafeRawBufferPointer, expected: [UInt8])
        case file(Int32, offset: UInt64, count: Int)

        var count: Int {
            switch self {
            case .copied(let bytes): bytes.count
            case .shared(let memory, _): memory.count
            case .file(_, _, let count): count
            }
        }
    }

    private struct Segment {
        let source: Source
        let loan: Loan?
        var taken = 0
        var remaining: Int { source.count - taken }
    }

    enum Fault: Error {
        case lentMemoryChanged
        case fileTooShort
    }

    private var segments: [Segment] = []
    private(set) var count = 0

    mutating func append(_ bytes: [UInt8]) { append(Segment(source: .copied(bytes), loan: nil)) }

    mutating func append(shared memory: UnsafeRawBufferPointer, _ loan: Loan) {
        append(Segment(source: .shared(memory, expected: Array(memory)), loan: loan))
    }

    mutating func append(file: Int32, offset: UInt64, count: Int, _ loan: Loan) {
        append(Segment(source: .file(file, offset: offset, count: count), loan: loan))
    }

    private mutating func append(_ segment: Segment) {
        segments.append(segment)
        count += segment.remaining
    }

    /// Moves up to `limit` bytes to the peer; what was sent whole is given back through `loans`.
    mutating func take(_ limit: Int, into peer: inout [UInt8], loans: inout [Loan]) throws(Fault) {
        var budget = limit
        while budget > 0, let segment = segments.first {
            let part = min(budget, segment.remaining)
            peer += try Self.read(segment, count: part)
            segments[0].taken += part
            count -= part
            budget -= part
            if segments[0].remaining == 0 {
                segments.removeFirst()
                if let loan = segment.loan { loans.append(loan) }
            }
        }
    }

    private static func read(_ segment: Segment, count: Int) throws(Fault) -> [UInt8] {
        let range = segment.taken..<segment.taken + count
        switch segment.source {
        case .copied(let bytes): return Array(bytes[range])
        case .shared(let memory, let expected):
            let bytes = Array(memory[range])
            guard bytes == Array(expected[range]) else { throw .lentMemoryChanged }
            return bytes
        case .file(let descriptor, let offset, _):
            var bytes = [UInt8](repeating: 0, count: count)
            let got = pread(descriptor, &bytes, count, off_t(offset) + off_t(range.lowerBound))
            guard got == count else { throw .fileTooShort }
            return bytes
        }
    }

    /// Drops everything; returns what is to be given back.
    mutating func drop() -> [Loan] {
        defer {
            segments = []
            count = 0
        }
        return segments.compactMap(\.loan)
    }
}
