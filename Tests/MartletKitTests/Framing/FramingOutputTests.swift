import MartletKit
import MartletKitTesting
import Testing

/// Lines and frames in a session: input, output, and backpressure.
@Suite struct FramingOutputTests {
    static let prefixes: [LengthPrefix] = [
        .uint8, .uint16BigEndian, .uint16LittleEndian, .uint32BigEndian, .uint32LittleEndian, .uint64BigEndian,
        .uint64LittleEndian,
    ]

    @Test(arguments: [InputSplit.whole, .everyByte, .random(seed: 3)])
    func aLineComesBackWithItsEnding(_ split: InputSplit) throws {
        let host = try SimulatedHost(LineMirror.self)
        let connection = host.connect()
        connection.send("hello\r\n\nworld\n", split: split)
        #expect(connection.takeText() == "hello\r\n\r\nworld\r\n")
        connection.send("text\nstatic\n")
        #expect(connection.takeText() == "from a text\nconstant\n")
        #expect(host.shutDown() == [])
    }

    @Test func aLineThatDoesNotFitIsSentLater() throws {
        let host = try SimulatedHost(LineMirror.self, limits: HostLimits(outputHighWater: 10, outputLowWater: 4))
        let connection = host.connect(readsAtOnce: false)
        connection.send(String(repeating: "1234\n", count: 10), split: .pieces(of: 7))
        #expect(connection.waitingOutput == 12)
        #expect(connection.unconsumedInput == 40)
        connection.readsAtOnce = true
        #expect(connection.takeText() == String(repeating: "1234\r\n", count: 10))
        #expect(host.shutDown() == [])
    }

    @Test(arguments: prefixes)
    func aFrameComesBack(_ prefix: LengthPrefix) throws {
        let host = try SimulatedHost(FrameMirror.self)
        let connection = host.connect()
        let choice = UInt8(try #require(Self.prefixes.firstIndex(of: prefix)))
        let frames = [[], [1], Array(0...254)].flatMap { prefix.frame($0) }
        connection.send([choice] + frames, split: .pieces(of: 11))
        #expect(connection.takeOutput() == frames)
        #expect(host.shutDown() == [])
    }

    @Test func aFrameIsBuiltInPlace() throws {
        let host = try SimulatedHost(FrameMirror.self)
        let connection = host.connect()
        connection.send([100])
        #expect(connection.takeOutput() == [0, 2, 7, 8])
        #expect(host.logs.map(\.message) == ["argument", "argument", "closed"])
        #expect(host.shutDown() == ["connection 1: wrote to a connection that it had closed"])
    }

    @Test func aSplitFrameIsPresentedOnce() throws {
        let host = try SimulatedHost(Mirror.self)
        let connection = host.connect()
        let frame = LengthPrefix.uint32BigEndian.frame([UInt8](repeating: 7, count: 10_000))
        // Presents the first piece, with the prefix, then the whole frame.
        connection.send(frame, split: .pieces(of: 100))
        #expect(connection.presentations == 2)
        #expect(connection.takeOutput() == frame)
        // The same with two small frames in the first piece.
        let small = LengthPrefix.uint32BigEndian.frame([1, 2])
        connection.send(small + small + frame, split: .pieces(of: 1_000))
        #expect(connection.presentations == 4)
        #expect(connection.takeOutput() == small + small + frame)
        #expect(connection.wantedInput == 4)
        #expect(host.shutDown() == [])
    }

    /// The host presents the incomplete frame when no more input can arrive, and the session ends.
    @Test func anIncompleteFrameIsPresentedWhenThePeerFinishes() throws {
        let host = try SimulatedHost(Mirror.self)
        let connection = host.connect()
        connection.send(LengthPrefix.uint32BigEndian.frame([UInt8](repeating: 7, count: 100)).dropLast())
        #expect(connection.presentations == 1)
        connection.finishSending()
        #expect(connection.presentations == 2)
        #expect(connection.end == .closed(.peer))
        #expect(host.shutDown() == [])
    }
}

private struct LineMirror: Plugin {
    static let manifest = Manifest(name: "lines", version: "1.0.0", summary: "Lines with another ending")
    init(options: Options, host: Host<LineMirror>) {}

    struct Session: MartletKit.Session {
        typealias Plugin = LineMirror
        var lines = LineReader(maximum: 100)

        init(opening connection: Connection<LineMirror>) {}

        mutating func received(_ input: Span<UInt8>, from connection: Connection<LineMirror>) -> Int {
            var position = 0
            while let line = lines.next(in: input, at: &position) {
                let result =
                    switch String(decoding: input.extracting(line.bytes)) {
                    case "text": connection.writeLine("from a \("text")")
                    case "static": connection.writeLine("constant" as StaticString)
                    default: connection.writeLine(input.extracting(line.bytes), ending: .crlf)
                    }
                if result == .full { break }
            }
            return position
        }
    }
}

/// The first byte selects the prefix.
private struct FrameMirror: Plugin {
    static let manifest = Manifest(name: "frames", version: "1.0.0", summary: "Sends frames back")
    init(options: Options, host: Host<FrameMirror>) {}

    struct Session: MartletKit.Session {
        typealias Plugin = FrameMirror
        var frames: FrameReader?

        init(opening connection: Connection<FrameMirror>) {}

        mutating func received(_ input: Span<UInt8>, from connection: Connection<FrameMirror>) -> Int {
            var position = 0
            if frames == nil {
                guard input[0] < 100 else { return special(connection) }
                frames = FrameReader(FramingOutputTests.prefixes[Int(input[0])], maximum: 1_000)
                position = 1
            }
            while let frame = frames!.next(in: input, at: &position) {
                if connection.writeFrame(input.extracting(frame.payload), frames!.prefix) == .full { break }
            }
            return position
        }

        func special(_ connection: Connection<FrameMirror>) -> Int {
            connection.writeFrame(.uint16BigEndian, atMost: 10) { output in
                output.append(7)
                output.append(8)
            }
            let long = [UInt8](repeating: 0, count: 300)
            connection.log(.info, "\(connection.writeFrame(long.span, .uint8))")
            connection.log(.info, "\(connection.writeFrame(.uint8, atMost: 256) { _ in fatalError() })")
            connection.close()
            connection.log(.info, "\(connection.write(atMost: 3) { _ in fatalError() })")
            return 1
        }
    }
}

/// Sends frames back, and asks for a whole frame.
private struct Mirror: Plugin {
    static let manifest = Manifest(name: "mirror", version: "1.0.0", summary: "Sends frames back")
    init(options: Options, host: Host<Mirror>) {}

    struct Session: MartletKit.Session {
        typealias Plugin = Mirror
        var frames = FrameReader(.uint32BigEndian, maximum: 64 << 10)
        init(opening connection: Connection<Mirror>) {}

        mutating func received(
            _ input: Span<UInt8>, from connection: Connection<Mirror>
        ) throws(SessionError) -> Int {
            var position = 0
            while let frame = frames.next(in: input, at: &position) {
                guard !frame.isTooLong else { throw .peer }
                if connection.writeFrame(input.extracting(frame.payload), .uint32BigEndian) == .full { break }
            }
            connection.want(frames.bytesOfNextFrame(in: input, at: position))
            return position
        }
    }
}
