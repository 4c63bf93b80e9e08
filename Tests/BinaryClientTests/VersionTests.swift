import Testing

@testable import BinaryClient
@testable import BinaryWire

@Suite struct VersionTests {
    @Test func readsAndWrites() throws {
        let server = try TestServer { StoreServer().serve($0) }
        let client = try BinaryClient.connect(address: server.address)
        #expect(try client.read(utf8("k")) == nil)
        let put = Write.put(utf8("k"), utf8("v"), if: .absent, timeToLiveMilliseconds: 1_500)
        #expect(try client.write(put) == WriteAnswer(isDone: true, existed: false, version: 1))
        #expect(
            try client.read(utf8("k"))
                == VersionedValue(value: utf8("v"), version: 1, timeToLive: .milliseconds(1_500)))
        #expect(try client.write(put) == WriteAnswer(isDone: false, existed: true, version: 1))
        #expect(
            try client.write(.delete(utf8("k"), if: .version(1)))
                == WriteAnswer(isDone: true, existed: true, version: 0))
    }

    @Test func writesABatch() throws {
        let server = try TestServer { StoreServer().serve($0) }
        let client = try BinaryClient.connect(address: server.address)
        let writes = [Write.put(utf8("a"), []), .put(utf8("b"), utf8("x")), .delete(utf8("a"))]
        #expect(try client.batch(writes) == .done([1, 2, 0]))
        #expect(try client.batch([writes[0], .delete(utf8("b"), if: .version(9))]) == .notMet(index: 1, version: 2))
        #expect(try client.read(utf8("a")) == nil)
        #expect(try client.read(utf8("b")) == VersionedValue(value: utf8("x"), version: 2, timeToLive: nil))
    }

    /// Notices that come before the answer to another request are not lost.
    @Test func keepsTheNoticesThatComeDuringACall() throws {
        let server = try TestServer { StoreServer().serve($0) }
        let client = try BinaryClient.connect(address: server.address)
        let watch = try client.watch(.prefix, utf8("a"))
        _ = try client.write(.put(utf8("ab"), []))
        _ = try client.write(.put(utf8("b"), []))
        _ = try client.write(.delete(utf8("ab")))
        #expect(try client.nextChange() == Change(watch: watch, kind: .put, key: utf8("ab"), version: 1))
        #expect(try client.nextChange() == Change(watch: watch, kind: .deleted, key: utf8("ab"), version: 0))
        #expect(try client.unwatch(watch) && !client.unwatch(watch))
    }

    @Test func waitsForAChangeUntilTheServerIsSilentForTooLong() throws {
        let settings = ServerSettings(heartbeatMilliseconds: 100, unansweredHeartbeats: 1)!
        let silent = try TestServer { peer in
            _ = peer.read()
            peer.write(
                encoded { FrameEncoder.helloAnswer(settings: settings, name: RawSpan(), requestID: 1, into: &$0) })
            // Two heartbeats keep it waiting, although each answer may take only a moment.
            for counter in 1...2 as ClosedRange<UInt64> {
                peer.write(encoded { FrameEncoder.heartbeat(counter: counter, into: &$0) })
                guard !peer.read().isEmpty else { return }
            }
            peer.write(encoded { FrameEncoder.changed(.lost, watch: 1, into: &$0) })
            peer.readToEnd()
        }
        let client = try BinaryClient.connect(address: silent.address)
        #expect(try client.nextChange() == Change(watch: 1, kind: .lost, key: [], version: 0))
        #expect { try client.nextChange() } throws: { error in
            (error as? BinaryClientError)?.reason == .timedOut(.milliseconds(200))
        }
    }

    @Test func aGoodbyeEndsTheWaiting() throws {
        let server = try TestServer { peer in
            _ = peer.read()
            peer.write(
                encoded {
                    FrameEncoder.helloAnswer(settings: ServerSettings()!, name: RawSpan(), requestID: 1, into: &$0)
                })
            peer.write(
                encoded { FrameEncoder.changed(.put, watch: 1, version: 5, key: utf8("k").span.bytes, into: &$0) })
            peer.write(encoded { FrameEncoder.goodbye(.shutdown, graceMilliseconds: 9, text: RawSpan(), into: &$0) })
            peer.readToEnd()
        }
        let client = try BinaryClient.connect(address: server.address)
        #expect(try client.nextChange().version == 5)
        #expect { try client.nextChange() } throws: { error in
            (error as? BinaryClientError)?.reason == .goodbye(.shutdown, text: "")
        }
    }
}
