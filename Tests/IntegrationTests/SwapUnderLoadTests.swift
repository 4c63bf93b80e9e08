import Glibc
import LoadGenerator
import Testing

/// The server's promise: no client notices a swap.
@Suite(.serialized) struct SwapUnderLoadTests {
    /// The longest of the swap tests, since every swap copies, probes and loads an image.
    @Test func twoHundredSwapsKeepOpenStreamsIntact() throws {
        let server = try RunningServer.echo()
        let address = try server.address()
        let stop = StopSignal()
        var load = EchoLoad(address: try TargetAddress(address.text), ending: .stopped(by: stop), seed: 1)
        load.connections = 16
        load.answerTimeout = .seconds(20)
        let streams = try Background { [load] in try load.run() }
        let visitors = try Visitors(address)
        let before = try settledStatus(server, afterSwaps: 10, first: 0)

        for swap in 10..<200 {
            try install(swap, on: server)
            let entry = try #require(try server.reload().entries.first)
            #expect(entry.outcome == .swapped, "swap \(swap): \(entry.detail)")
        }
        stop.stop()
        let report = try streams.value()
        let visits = try visitors.finish()
        try waitUntil("only the last generation is left") { try server.listener("echo")?.generations.count == 1 }
        let after = try server.status()
        let ownBytes = try server.ownBytes
        let growth = ownBytes - min(before.ownBytes, ownBytes)
        print(
            "200 swaps: \(report.messages) messages, \(visits) visits, seed \(report.seed), growth of 190 "
                + "swaps \(mebibytes(growth)), descriptors \(before.fileDescriptors) -> \(after.fileDescriptors)")
        #expect(report.isClean, "\(report.firstFailure ?? "")")
        #expect(report.messages > 1_000)
        #expect(visits > 200)
        #expect(
            growth < Sanitizer.bytes(40 << 20),
            "Swift images stay mapped: a debug build of echo costs about 80 KB each, beside pages of its file")
        #expect(after.fileDescriptors <= before.fileDescriptors)
        #expect(after.listeners[0].generations[0].generation == 201)
    }

    private func install(_ swap: Int, on server: RunningServer) throws {
        let tail = withUnsafeBytes(of: swap) { Array($0) }
        try server.folder.install(BuildFolder.plugin("EchoPlugin"), as: "echo.so", appending: tail)
    }

    private func settledStatus(_ server: RunningServer, afterSwaps count: Int, first: Int) throws -> Status {
        for swap in first..<first + count {
            try install(swap, on: server)
            #expect(try server.reload("echo") == .swapped)
        }
        let status = try server.status()
        return try Status(ownBytes: server.ownBytes, fileDescriptors: status.fileDescriptors)
    }

    private struct Status {
        var ownBytes: UInt64
        var fileDescriptors: Int
    }

    @Test func theLastReloadOfAHundredSignalsSeesEverything() throws {
        let folder = try ServerFolder()
        try folder.installEcho()
        try folder.installShout(version: "0")
        let server = try RunningServer(folder)
        let stop = StopSignal()
        var load = EchoLoad(
            address: try TargetAddress(server.address().text), ending: .stopped(by: stop), seed: 1)
        load.connections = 8
        let streams = try Background { [load] in try load.run() }
        for signal in 1...100 {
            if signal % 20 == 0 { try folder.installShout(version: "\(signal)") }
            server.signal(SIGHUP)
        }
        try waitUntil("the last version runs") { try server.listener("shout")?.version == "100" }
        // The first receipt belongs to the start, the last to the reload on this line.
        let reloads = try server.reload().sequence - 2
        print("100 signals caused \(reloads) reloads")
        #expect(reloads <= 100)
        try expectEveryLoopAnswers(server)
        stop.stop()
        let report = try streams.value()
        #expect(report.isClean, "\(report.firstFailure ?? "")")
        #expect(try server.reload("shout") == .unchanged)
    }

    private func expectEveryLoopAnswers(_ server: RunningServer) throws {
        var loops: Set<Substring> = []
        for _ in 0..<32 {
            loops.insert(try server.connect(to: "shout").ask("?info").split(separator: " ")[9])
        }
        #expect(loops == ["0", "1"])
    }
}
