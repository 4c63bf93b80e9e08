import Testing

@testable import BinaryWire

@Suite struct SavedStateTests {
    @Test func isRestoredAsItWas() {
        var session = ServerSession(settings: Samples.settings, nowMilliseconds: 7)
        #expect(restored(saved(session)) == session)
        _ = session.next(Samples.hello, at: 1_000)
        _ = session.tick(nowMilliseconds: 50_000)
        #expect(restored(saved(session)) == session)
        _ = session.beginDraining()
        #expect(restored(saved(session)) == session)
    }

    /// The layout is a promise between builds.
    @Test func hasTheLayoutOfItsNumber() {
        var session = ServerSession(settings: Samples.settings, nowMilliseconds: 0)
        _ = session.next(Samples.hello, at: 1)
        _ = session.tick(nowMilliseconds: 30_001)
        let expected: [UInt8] =
            [1, 1, 1, 1] + littleEndian(UInt32(1_052_672)) + littleEndian(UInt32(1_052_672))
            + littleEndian(UInt32(30_000)) + [3, 0, 0, 0] + [1, 0, 0, 0] + littleEndian(UInt64(30_001))
        #expect(saved(session) == expected)
    }

    @Test func refusesAStateThatItCannotContinueFrom() {
        let good = saved(ServerSession(settings: Samples.settings, nowMilliseconds: 0))
        for (offset, value) in [(0, 2), (1, 9), (2, 2), (17, 1), (7, 0xFF), (11, 0xFF), (12, 1)] as [(Int, UInt8)] {
            var bytes = good
            bytes[offset] = value
            if offset == 12 { bytes.replaceSubrange(13...15, with: [0, 0, 0]) }
            #expect(restored(bytes) == nil, "offset \(offset)")
        }
        #expect(restored(Array(good.dropLast())) == nil && restored(good + [0]) == nil && restored([]) == nil)
        var short = [UInt8](repeating: 0, count: 31)
        #expect(!save(ServerSession(settings: Samples.settings, nowMilliseconds: 0), into: &short))
    }

    private func restored(_ bytes: [UInt8]) -> ServerSession? { ServerSession(restoring: bytes.span.bytes) }

    private func saved(_ session: ServerSession) -> [UInt8] {
        var bytes = [UInt8](repeating: 0xEE, count: ServerSession.savedBytes)
        #expect(save(session, into: &bytes))
        return bytes
    }

    private func save(_ session: ServerSession, into bytes: inout [UInt8]) -> Bool {
        var elements = bytes.mutableSpan
        var output = elements.mutableBytes
        return session.save(into: &output)
    }
}
