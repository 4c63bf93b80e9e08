import Testing

extension Hostile {
    /// Thousands of requests at once. All of them are answered, in order.
    @Suite struct Pipelines {
        private func exchange(_ peer: Peer, _ bytes: [UInt8], expecting count: Int) throws -> [UInt8] {
            let sender = try Background { [descriptor = peer.descriptor] in try sendAll(bytes, to: descriptor) }
            defer { _ = try? sender.value() }
            return try peer.receive(count)
        }

        @Test func linesAreAnsweredInOrder() throws {
            let target = try Target()
            let count = 30_000 * min(Torture.factor, 20)
            let lines = (0..<count).map { "line \($0)\n" }.joined()
            let expected = Array(lines.uppercased().utf8)
            let answers = try exchange(target.connect("shout"), Array(lines.utf8), expecting: expected.count)
            expectSame(answers, expected)
            try target.expectUnharmed()
        }

        @Test func requestsAreAnsweredInOrder() throws {
            let target = try Target()
            let count = 3_000 * min(Torture.factor, 20)
            let client = try HTTPPeer(target.addresses["http"]!)
            let requests = (0..<count).map {
                "POST /echo HTTP/1.1\r\nHost: x\r\nContent-Length: \("\($0)".utf8.count)\r\n\r\n\($0)"
            }.joined()
            let sender = try Background { [descriptor = client.peer.descriptor] in
                try sendAll(Array(requests.utf8), to: descriptor)
            }
            for number in 0..<count {
                let answer = try client.answer()
                guard answer.text == "\(number)" else { throw Failure("expected \(number), found \(answer.text)") }
            }
            try sender.value()
            client.peer.close()
            try target.expectUnharmed()
        }

        @Test func framesAreAnsweredInOrder() throws {
            let target = try Target()
            let peer = try BinaryPeer(target.addresses["binary"]!)
            let payloads = (0..<500 * min(Torture.factor, 20)).map { patternBytes($0 % 700, seed: UInt64($0)) }
            // The protocol allows this many requests in flight.
            for start in stride(from: 0, to: payloads.count, by: 50) {
                let some = payloads[start..<min(start + 50, payloads.count)]
                try peer.peer.send(some.flatMap { try peer.echo($0) })
                for payload in some {
                    guard try peer.nextAnswer() == .echo(payload) else { throw Failure("an echo is wrong") }
                }
            }
            peer.peer.close()
            try target.expectUnharmed()
        }
    }
}
