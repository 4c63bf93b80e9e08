import MartletKitTesting
import Testing

@testable import HTTPPlugin

@Suite struct PipeliningTests {
    static let stream: [String] = [
        "GET /hello HTTP/1.1\r\nHost: a\r\n\r\n",
        "POST /echo HTTP/1.1\r\nHost: a\r\nContent-Length: 11\r\n\r\nhello again",
        "HEAD /page HTTP/1.1\r\nHost: a\r\n\r\n",
        "POST /echo HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nfirst\r\n6;x=y\r\nsecond\r\n0\r\nT: v\r\n\r\n",
        "\r\nPUT /echo HTTP/1.1\r\nHost: a\r\nContent-Length: 0\r\n\r\n",
        "DELETE /hello HTTP/1.1\r\nHost: a\r\nContent-Length: 4\r\n\r\ndrop",
        "GET /page HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n",
        "OPTIONS * HTTP/1.1\r\nHost: a\r\n\r\n",
        "POST /echo HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
        "GET /gone?last HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n",
    ]

    static let statuses = [200, 200, 200, 200, 200, 405, 200, 204, 200, 410]

    private func answers(_ bytes: [UInt8]) throws -> [Answer] { try Answer.all(bytes, heads: [2]) }

    private func check(_ answers: [Answer], _ note: String) {
        #expect(answers.map(\.status) == Self.statuses, "\(note)")
        #expect(
            answers.map(\.text) == [
                "hello, world\n", "hello again", "", "firstsecond", "", "405 Method Not Allowed\n", "<p>page", "", "",
                "gone\n",
            ], "\(note)")
    }

    @Test func answersAllRequestsOfOneReadInOrder() throws {
        let client = try Client()
        client.connection.send(Self.stream.joined())
        check(try answers(client.connection.takeOutput()), "whole")
        #expect(client.connection.end == .closed(.plugin))
        #expect(client.host.requests.count == Self.stream.count)
        #expect(client.host.shutDown() == [])
    }

    /// The answers are the same wherever the stream is split. Only the chunks of an echo may differ.
    @Test func givesTheSameAnswersForAnySplit() throws {
        let bytes = Array(Self.stream.joined().utf8)
        for cut in 1..<bytes.count {
            let client = try Client()
            client.connection.send(Array(bytes[..<cut]))
            client.connection.send(Array(bytes[cut...]))
            check(try answers(client.connection.takeOutput()), "cut at \(cut)")
            #expect(client.host.requests.count == Self.stream.count)
            #expect(client.host.shutDown() == [])
        }
    }

    @Test(arguments: [InputSplit.everyByte, .pieces(of: 2), .pieces(of: 7), .random(seed: 1), .random(seed: 2)])
    func givesTheSameAnswersForManySplits(split: InputSplit) throws {
        let client = try Client()
        client.connection.send(Self.stream.joined(), split: split)
        check(try answers(client.connection.takeOutput()), "\(split)")
        #expect(client.host.shutDown() == [])
    }

    /// Without chunked echoes the output has the same bytes.
    @Test func givesTheSameBytesForAnySplit() throws {
        let stream = Self.stream.filter { !$0.contains("/echo") || $0.contains("Length") }.joined()
        let bytes = Array(stream.utf8)
        let whole = try Client()
        whole.connection.send(bytes)
        let expected = whole.connection.takeOutput()
        for cut in 1..<bytes.count {
            let client = try Client()
            client.connection.send(Array(bytes[..<cut]))
            client.connection.send(Array(bytes[cut...]))
            #expect(client.connection.takeOutput() == expected, "cut at \(cut)")
        }
    }

    /// A peer sends requests and does not read: the plugin stops at the mark, continues below it, and loses nothing.
    @Test func stopsAtTheHighWaterMark() throws {
        let limits = HostLimits(outputHighWater: 1_000, outputLowWater: 300)
        let client = try Client(limits: limits, readsAtOnce: false)
        let count = 200
        client.connection.send(
            (0..<count).map { "GET /hello?\($0) HTTP/1.1\r\nHost: a\r\n\r\n" }.joined())
        #expect(client.connection.waitingOutput < 1_200)
        #expect(client.connection.unconsumedInput > 0)
        while client.connection.waitingOutput > 0 {
            client.connection.read(upTo: 137)
            #expect(client.connection.waitingOutput < 1_200)
        }
        #expect(try Answer.all(client.connection.takeOutput()).map(\.status) == Array(repeating: 200, count: count))
        #expect(
            client.host.requests.map { String(decoding: $0.target, as: UTF8.self) }
                == (0..<count).map { "/hello?\($0)" })
        #expect(client.host.shutDown() == [])
    }

    @Test func theWholeStreamSurvivesATinyMark() throws {
        for mark in [1, 50, 200, 500] {
            let client = try Client(
                limits: HostLimits(outputHighWater: mark, outputLowWater: mark / 2), readsAtOnce: false)
            client.connection.send(Self.stream.joined(), split: .random(seed: UInt64(mark)))
            var rounds = 0
            while client.isOpen, rounds < 10_000 {
                client.connection.read(upTo: 31)
                rounds += 1
            }
            check(try answers(client.connection.takeOutput()), "mark \(mark)")
            #expect(client.host.shutDown() == [])
        }
    }
}
