import Testing

/// A server that runs out of file descriptors waits until some are free again. It neither spins nor drops connected peers.
@Suite(.serialized) struct DescriptorLimitTests {
    private struct Crowd {
        var server: RunningServer
        var served: [Peer]
        var waiting: [Peer]
    }

    /// A server with no descriptor left, the peers that it serves, and the peers that wait.
    private func crowd() throws -> Crowd {
        let folder = try ServerFolder(process: "metrics_listen = \"127.0.0.1:0\"")
        try folder.installEcho()
        let server = try RunningServer(folder, launcher: ["prlimit", "--nofile=64:64"])
        let address = try server.address()
        #expect(try server.status().fileDescriptorLimit == 64)
        var crowd = Crowd(server: server, served: [], waiting: [])
        for index in 0..<80 {
            let peer = try Peer(address)
            try peer.send("\(index)\n")
            if peer.hasInput(within: (index < 16 ? 5_000 : 1_000) * Int32(Sanitizer.slowness)) {
                #expect(try peer.receiveLine() == "\(index)")
                crowd.served.append(peer)
            } else {
                crowd.waiting.append(peer)
                if crowd.waiting.count == 4 { return crowd }
            }
        }
        return crowd
    }

    @Test func servedPeersStayAndWaitingPeersAreServedLater() throws {
        var crowd = try crowd()
        #expect(crowd.waiting.count == 4)
        #expect(crowd.served.count >= 16)
        for peer in crowd.served { #expect(try peer.ask("still") == "still") }
        crowd.served.removeLast(10)
        for peer in crowd.waiting { _ = try peer.receiveLine() }
        #expect(try crowd.server.status().loops.contains { $0.pausesForResources > 0 })
    }

    /// With so few descriptors the server reserves a quarter of them for its operators.
    @Test func controlRequestsAndReloadsStillWork() throws {
        let crowd = try crowd()
        #expect(crowd.waiting.count == 4)
        for _ in 0..<5 {
            #expect(try crowd.server.status().totals.open == UInt64(crowd.served.count))
            #expect(try crowd.server.reload("echo") == .unchanged)
        }
        try crowd.server.folder.install(
            BuildFolder.plugin("EchoPlugin"), as: "echo.so", appending: Array("another".utf8))
        #expect(try crowd.server.reload("echo") == .swapped)
        #expect(try crowd.server.folder.martlet("generations").status == 0)
        let metrics = try Peer(crowd.server.metricsAddress())
        try metrics.send("GET /metrics HTTP/1.1\r\nHost: x\r\n\r\n")
        let answer = String(decoding: try metrics.receiveToEnd(), as: UTF8.self)
        #expect(answer.contains("process_max_fds 64\n"))
    }

    @Test func warnsAtTheStartWhenTheConnectionsDoNotFit() throws {
        let crowd = try crowd()
        try crowd.server.waitForLog("max_connections does not fit: it is 16384")
        let folder = try ServerFolder(process: "max_connections = 8")
        try folder.installEcho()
        let small = try RunningServer(folder, launcher: ["prlimit", "--nofile=64:64"])
        #expect(!small.log.contains("max_connections does not fit"))
    }

    /// Thousands of addresses would use up the descriptors that connections need.
    @Test func addressesThatDoNotFitAreRefusedBeforeTheyAreBound() throws {
        let crowd = try crowd()
        let addresses = (1...12).map { "127.0.0.1\($0 % 10):0" } + (1...12).map { "127.0.1.\($0):0" }
        try crowd.server.folder.listen("many", plugin: "echo.so", on: Array(Set(addresses)).sorted())
        let receipt = try crowd.server.reload()
        #expect(receipt.result == .refused)
        #expect(receipt.entries.contains { $0.detail.contains("descriptors (one for each event loop)") }, "\(receipt)")
        for peer in crowd.served { #expect(try peer.ask("still") == "still") }
    }

    @Test func itDoesNotSpinWhilePeersWait() throws {
        let crowd = try crowd()
        try crowd.server.expectRest()
    }

    @Test func aControlRequestDoesNotMakeItSpin() throws {
        let crowd = try crowd()
        let question = try Peer(.unix(path: crowd.server.folder.controlSocket))
        try question.send("{\"request\":\"status\"}\n")
        try crowd.server.expectRest()
    }
}
