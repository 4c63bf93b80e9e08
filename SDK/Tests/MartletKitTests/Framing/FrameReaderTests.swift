import MartletKit
import Testing

@Suite struct FrameReaderTests {
    static let prefixes: [LengthPrefix] = [
        .uint8, .uint16BigEndian, .uint16LittleEndian, .uint32BigEndian, .uint32LittleEndian, .uint64BigEndian,
        .uint64LittleEndian,
    ]

    private func read(_ pieces: [[UInt8]], _ prefix: LengthPrefix, maximum: Int) -> (frames: [String], rest: Int) {
        var reader = FrameReader(prefix, maximum: maximum)
        var waiting: [UInt8] = []
        var frames: [String] = []
        for piece in pieces {
            waiting += piece
            var position = 0
            while let frame = reader.next(in: waiting.span, at: &position) {
                let text = String(decoding: waiting[frame.payload], as: UTF8.self)
                frames.append(frame.isTooLong ? "!\(frame.length)" : text)
            }
            waiting.removeFirst(position)
        }
        return (frames, waiting.count)
    }

    @Test(arguments: prefixes)
    func framesDoNotDependOnTheSplit(_ prefix: LengthPrefix) {
        let payloads = ["", "a", "hello", "too long", "b", "12345"]
        let bytes = payloads.flatMap { prefix.frame(Array($0.utf8)) } + prefix.frame([1, 2]).dropLast()
        let frames = ["", "a", "hello", "!8", "b", "12345"]
        let rest = prefix.byteCount + 1
        for size in [1, 2, 3, 7, bytes.count] {
            let pieces = stride(from: 0, to: bytes.count, by: size).map {
                Array(bytes[$0..<min($0 + size, bytes.count)])
            }
            let split = read(pieces, prefix, maximum: 5)
            #expect(split.frames == frames, "in pieces of \(size)")
            #expect(split.rest == rest, "in pieces of \(size)")
        }
    }

    @Test func prefixesHaveTheirByteOrder() {
        #expect(LengthPrefix.uint16BigEndian.frame([7, 8, 9]) == [0, 3, 7, 8, 9])
        #expect(LengthPrefix.uint32LittleEndian.frame([7]) == [1, 0, 0, 0, 7])
        #expect(Self.prefixes.map(\.byteCount) == [1, 2, 2, 4, 4, 8, 8])
        #expect(LengthPrefix.uint8.largestLength == 255)
        #expect(LengthPrefix.uint64BigEndian.largestLength == .max)
    }

    /// A length beyond any memory is skipped like any other: the reader waits for more input.
    @Test func theLargestLengthDoesNotTrap() {
        let bytes = [UInt8](repeating: 0xFF, count: 8) + [1, 2, 3]
        let read = read([bytes, [4, 5]], .uint64BigEndian, maximum: 1 << 48)
        #expect(read.frames == ["!\(UInt64.max)"])
        #expect(read.rest == 0)
    }

    /// The session need not wait for a payload that it will refuse.
    @Test func aTooLongFrameIsReportedWithItsPrefix() {
        var reader = FrameReader(.uint16BigEndian, maximum: 10)
        var position = 0
        let frame = reader.next(in: ([0, 11] as [UInt8]).span, at: &position)
        #expect(frame?.isTooLong == true)
        #expect(position == 2)
    }

    private func bytesOfNextFrame(_ reader: FrameReader, _ bytes: [UInt8], at position: Int) -> Int {
        reader.bytesOfNextFrame(in: bytes.span, at: position)
    }

    @Test(arguments: prefixes)
    func returnsTheBytesOfTheNextFrame(_ prefix: LengthPrefix) {
        let reader = FrameReader(prefix, maximum: 200)
        let bytes = prefix.frame([]) + prefix.frame([UInt8](repeating: 7, count: 150))
        let second = prefix.byteCount
        #expect(bytesOfNextFrame(reader, bytes, at: 0) == prefix.byteCount)
        #expect(bytesOfNextFrame(reader, bytes, at: second) == prefix.byteCount + 150)
        // Only the prefix has arrived; then not even the whole prefix; then nothing.
        #expect(bytesOfNextFrame(reader, Array(bytes.prefix(second + prefix.byteCount)), at: second) == second + 150)
        let cut = Array(bytes.prefix(second + prefix.byteCount - 1))
        #expect(bytesOfNextFrame(reader, cut, at: second) == prefix.byteCount)
        #expect(bytesOfNextFrame(reader, bytes, at: bytes.count) == prefix.byteCount)
        #expect(bytesOfNextFrame(reader, [], at: 0) == prefix.byteCount)
    }

    /// The session waits neither for skipped bytes nor for a payload that it refuses.
    @Test func wantsNoPayloadOfATooLongFrame() {
        var reader = FrameReader(.uint64BigEndian, maximum: 1 << 48)
        let bytes = [UInt8](repeating: 0xFF, count: 8) + [1, 2, 3]
        #expect(bytesOfNextFrame(reader, bytes, at: 0) == 8)
        var position = 0
        #expect(reader.next(in: bytes.span, at: &position)?.isTooLong == true)
        #expect(bytesOfNextFrame(reader, bytes, at: position) == 0)
        #expect(reader.next(in: bytes.span, at: &position) == nil)
        #expect(bytesOfNextFrame(reader, bytes, at: position) == 0)
    }
}
