import Testing

/// A server that runs out of file descriptors waits for some to come back; it neither spins nor drops who is there.
@Suite(.serialized) struct DescriptorLimitTests {
    private struct Crowd {
        var server: RunningServer
        var served: [Peer]
        var waiting: [Peer]
    }

    /// A server with no descriptor left, the peers it serves, and those that wait.
    private func crowd() throws -> Crowd {
        let folder = try ServerFolder()
        try folder.installEcho()
        let server = try RunningServer(folder, launcher: ["prlimit", "--nofile=64:64"])
        let address = try server.address()
        #expect(try server.status().fileDescriptorLimit == 64)
        var crowd = Crowd(server: server, served: [], waiting: [])
        for index in 0..<80 {
            let peer = try Peer(address)
            try peer.send("\(index)\n")
            if peer.hasInput(within: index < 30 ? 5_000 : 250) {
                #expect(try peer.receiveLine() == "\(index)")
                crowd.served.append(peer)
            } else {
                crowd.waiting.append(peer)
                if crowd.waiting.count == 4 { return crowd }
            }
        }
        return crowd
    }

    @Test func whoIsServedIsStillServedAndWhoWaitsComesLater() throws {
        var crowd = try crowd()
        #expect(crowd.waiting.count == 4)
        #expect(crowd.served.count >= 30)
        for peer in crowd.served { #expect(try peer.ask("still") == "still") }
        crowd.served.removeLast(10)
        for peer in crowd.waiting { _ = try peer.receiveLine() }
        #expect(try crowd.server.status().loops.contains { $0.pausesForResources > 0 })
    }

    @Test func itDoesNotSpinWhilePeersWait() throws {
        let crowd = try crowd()
        let before = try Processes.processorSeconds(of: crowd.server.process.pid)
        observe(for: .milliseconds(800))
        let used = try Processes.processorSeconds(of: crowd.server.process.pid) - before
        #expect(used < 0.15, "\(used) s of processor time in 0.8 s")
    }

    @Test func aQuestionOnTheControlSocketDoesNotMakeItSpin() throws {
        let crowd = try crowd()
        let before = try Processes.processorSeconds(of: crowd.server.process.pid)
        let question = try Peer(.unix(path: crowd.server.folder.controlSocket))
        try question.send("{\"request\":\"status\"}\n")
        observe(for: .milliseconds(500))
        let used = try Processes.processorSeconds(of: crowd.server.process.pid) - before
        #expect(used < 0.15, "\(used) s of processor time in 0.5 s")
    }
}
