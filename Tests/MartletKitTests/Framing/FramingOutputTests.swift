import MartletKit
import MartletKitTesting
import Testing

/// Lines and frames in a session: input, output, and backpressure.
@Suite struct FramingOutputTests {
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

    @Test(arguments: FrameReaderTests.prefixes)
    func aFrameComesBack(_ prefix: LengthPrefix) throws {
        let host = try SimulatedHost(FrameMirror.self)
        let connection = host.connect()
        let choice = UInt8(try #require(FrameReaderTests.prefixes.firstIndex(of: prefix)))
        let frames = [[], [1], Array(0...254)].flatMap { prefix.frame($0) }
        connection.send([choice] + frames, split: .pieces(of: 11))
        #expect(connection.takeOutput() == frames)
        #expect(host.shutDown() == [])
    }

    @Test func spansAreComparedAndDecoded() {
        func equal(_ count: Int, _ text: StaticString) -> Bool { bytes.span.extracting(first: count).equals(text) }
        func decoded(_ count: Int) -> String { String(decoding: bytes.span.extracting(first: count)) }
        let bytes = Array("quit\u{E9}".utf8)
        #expect(equal(4, "quit") && equal(0, ""))
        #expect(!equal(4, "quiz") && !equal(6, "quit") && !equal(0, "q"))
        #expect(decoded(6) == "quit\u{E9}")
        #expect(decoded(5) == "quit\u{FFFD}")
    }

    @Test func aFrameIsBuiltInPlace() throws {
        let host = try SimulatedHost(FrameMirror.self)
        let connection = host.connect()
        connection.send([100])
        #expect(connection.takeOutput() == [0, 2, 7, 8])
        #expect(host.logs.map(\.message) == ["argument", "argument", "closed"])
        #expect(host.shutDown() == ["connection 1: wrote to a connection that it had closed"])
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
                frames = FrameReader(FrameReaderTests.prefixes[Int(input[0])], maximum: 1_000)
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
