/// Slots, by their numbers among those of a process.
package struct SlotSet: Codable, Sendable, Equatable {
    /// Bits, by the number of the chunk.
    private var chunks: [Int: [UInt64]] = [:]

    package init() {}

    package var count: Int { chunks.values.joined().reduce(0) { $0 + $1.nonzeroBitCount } }

    package func contains(_ slot: UInt32) -> Bool {
        let place = Self.place(of: slot)
        guard let words = chunks[place.chunk], words.indices.contains(place.word) else { return false }
        return words[place.word] & place.bit != 0
    }

    package mutating func insert(_ slot: UInt32) {
        let place = Self.place(of: slot)
        chunks[place.chunk, default: Array(repeating: 0, count: SlotChunk.slotCount / 64)][place.word] |= place.bit
    }

    package mutating func formUnion(_ other: SlotSet) {
        chunks.merge(other.chunks) { one, other in zip(one, other).map { $0 | $1 } }
    }

    private static func place(of slot: UInt32) -> (chunk: Int, word: Int, bit: UInt64) {
        let offset = Int(slot) % SlotChunk.slotCount
        return (Int(slot) / SlotChunk.slotCount, offset / 64, 1 << UInt64(offset % 64))
    }
}
