import Glibc
import Server
import Testing

/// The state that all sessions of a listener share, at a swap: `martlet.instance-state/1`.
@Suite struct InstanceStateTests {
    @Test(arguments: ["loops", "workers"])
    func theStateAndTheSessionsMove(dispatch: String) throws {
        let server = try RunningServer.mover(.tally("1"), "dispatch = \"\(dispatch)\"", process: "loops = 2")
        let peers = try (0..<20).map { _ in try server.mover("tally") }
        for (index, peer) in peers.enumerated() { #expect(try peer.ask("count") == "\(index + 1)") }
        let entry = try server.swap(to: .tally("2"))
        #expect(entry.outcome == .swapped && entry.counts == [20, 0, 0])
        let state = try #require(entry.state)
        #expect(state.bytes == 8 && state.pieces == 1 && state.closed == 0 && state.pauseMilliseconds > 0)
        #expect(entry.detail.contains("state of 8 bytes moved, pause "))
        for (index, peer) in peers.enumerated() { #expect(try peer.ask("count") == "\(index + 21)") }
        #expect(try peers[0].ask("version").hasPrefix("2 "))
        #expect(try peers[0].ask("lines") == "5")
        #expect(try server.mover("tally").ask("count") == "41")
        try waitUntil("the old generation ends") { try server.generations(of: "tally") == [2] }
        #expect(try server.metric("states_moved_total", of: "tally") == 1)
    }

    @Test func itMovesInBothDirectionsAndWithARollback() throws {
        let server = try RunningServer.mover(.tally("2", ["STATE_VERSION": "2"]))
        let peer = try server.mover("tally")
        #expect(try peer.ask("count") == "1")
        #expect(try server.swap(to: .tally("1", ["NEWEST": "2"])).outcome == .swapped)
        #expect(try peer.ask("count") == "2")
        let entry = try server.rollback("tally").entry(of: "tally")
        #expect(entry.outcome == .rolledBack && entry.state?.bytes == 8)
        #expect(try peer.ask("count") == "3")
        #expect(try peer.ask("version").hasPrefix("2 "))
    }

    @Test func aStateInManyPiecesMoves() throws {
        let server = try RunningServer.mover(.tally("1", ["PIECES": "200", "PIECE": "1048576"]))
        let peer = try server.mover("tally")
        #expect(try peer.ask("count") == "1")
        let entry = try server.swap(to: .tally("2"))
        #expect(entry.state?.bytes == 200 << 20 && entry.state?.pieces == 200)
        #expect(try peer.ask("count") == "2")
    }

    /// What fails is undone: the old generation goes on with its state and its sessions.
    @Test(arguments: [
        (["SAVE": "-3"], [:], "save returned -3"), ([:], ["RESTORE": "-6"], "restore returned -6"),
        (["PIECE": "0"], [:], "save passed a piece of 0 bytes, expected 1 to 1048576"),
        (["PIECE": "1048577"], [:], "save passed a piece of 1048577 bytes, expected 1 to 1048576"),
        (["PIECES": "1000", "SLOW": "5"], [:], "it takes longer than state_timeout"),
        (["HANGS": "1"], [:], "save of generation 1 has not returned"),
        ([:], ["STUCK": "1"], "restore of generation 2 has not returned"),
    ])
    func aFailureIsUndone(old: [String: String], new: [String: String], reason: String) throws {
        let server = try RunningServer.mover(
            .tally("1", old), "exercise = false\nstate_timeout = \"500ms\"", process: "plugin_timeout = \"1s\"")
        let peers = try (0..<3).map { _ in try server.mover("tally") }
        #expect(try peers[0].ask("count") == "1")
        let receipt = try {
            try server.folder.install(.tally("2", new))
            return try server.reload()
        }()
        #expect(receipt.result == .refused)
        let detail = receipt.entries.map(\.detail).joined()
        #expect(detail.contains("the state of generation 1 has not moved: \(reason)"), "\(detail)")
        for (index, peer) in peers.enumerated() { #expect(try peer.ask("count") == "\(index + 2)") }
        #expect(try server.mover("tally").ask("version").hasPrefix("1 "))
        try Files.replace(server.folder.gate, with: [])
        try server.folder.install(.tally("3", old))
        if old.isEmpty { #expect(try server.reloaded("tally").outcome == .swapped) }
    }

    @Test func aVersionThatCannotBeRestoredIsRefused() throws {
        let server = try RunningServer.mover(.tally("1", ["STATE_VERSION": "3"]))
        let peer = try server.mover("tally")
        try server.folder.install(.tally("2", ["STATE_VERSION": "2"]))
        let receipt = try server.reload()
        #expect(receipt.result == .refused)
        #expect(
            receipt.entries.map(\.detail).joined().contains(
                "tally 2 restores the versions 1 to 2 of tally.state, and the state that runs has version 3"))
        #expect(try peer.ask("count") == "1")
    }

    @Test(arguments: [["NO_STATE": "1"], ["SCHEMA": "\"other.state\""]])
    func anotherKindOfStateBeginsAnew(new: [String: String]) throws {
        let server = try RunningServer.mover(.tally("1"))
        let peer = try server.mover("tally")
        #expect(try peer.ask("count") == "1")
        let entry = try server.swap(to: .tally("2", new))
        #expect(entry.outcome == .swapped && entry.state == nil)
        #expect(entry.detail.contains("the state tally.state is left behind: tally 2 has "), "\(entry.detail)")
        #expect(try peer.ask("count") == "1")
    }

    @Test(arguments: ["on_reload = \"pin\"", "on_reload = \"drain\"", "[rollout]\npercent = 10"])
    func noSessionStaysBehindWithoutTheState(policy: String) throws {
        let server = try RunningServer.mover(.tally("1"), policy)
        let peer = try server.mover("tally")
        try server.folder.install(.tally("2"))
        let receipt = try server.reload()
        #expect(receipt.result == .refused)
        let detail = receipt.entries.map(\.detail).joined()
        #expect(
            detail.contains("its old generation cannot serve without it") && detail.contains("tally.toml:"), "\(detail)"
        )
        #expect(try peer.ask("count") == "1")
    }

    @Test func aStateThatStaysUsableServesPinnedSessions() throws {
        let server = try RunningServer.mover(.tally("1", ["USABLE": "1"]), "on_reload = \"pin\"")
        let peer = try server.mover("tally")
        #expect(try peer.ask("count") == "1")
        let entry = try server.swap(to: .tally("2", ["USABLE": "1"]))
        #expect(entry.counts == [0, 0, 1] && entry.state?.bytes == 8)
        #expect(try server.mover("tally").ask("count") == "2")
        // The fixture keeps another number after the move.
        #expect(try peer.ask("count") == "1000001")
    }

    @Test func aSessionThatCannotMoveIsClosedAndCounted() throws {
        let server = try RunningServer.mover(.tally("1", ["NO_SESSIONS": "1"]))
        let peers = try (0..<3).map { _ in try server.mover("tally") }
        let entry = try server.swap(to: .tally("2", ["NO_SESSIONS": "1"]))
        #expect(entry.state?.closed == 3 && entry.detail.hasSuffix(", closed 3"))
        for peer in peers { #expect(try peer.waitForEnd() == .reset) }
        #expect(try server.mover("tally").ask("count") == "1")
    }

    @Test func aBusySessionDelaysTheMoveAndThenMoves() throws {
        nonisolated(unsafe) let server = try RunningServer.mover(.tally("1"))
        let (busy, other) = (try server.mover("tally"), try server.mover("tally"))
        #expect(try busy.ask("busy") == "busy")
        try server.folder.install(.tally("2"))
        let reload = try Background { try server.reload().entry(of: "tally") }
        // The busy session goes on; the other waits.
        #expect(try busy.ask("count") == "1")
        try other.send("count\n")
        #expect(try busy.ask("ready") == "ready")
        #expect(try reload.value().counts == [2, 0, 0])
        #expect(try other.receiveLine() == "2")
        #expect(try busy.ask("version").hasPrefix("2 "))
    }

    @Test func aSessionThatStaysBusyUndoesTheMove() throws {
        let server = try RunningServer.mover(.tally("1"), "state_timeout = \"300ms\"")
        let peer = try server.mover("tally")
        #expect(try peer.ask("busy") == "busy")
        try server.folder.install(.tally("2"))
        let receipt = try server.reload()
        #expect(receipt.entries.map(\.detail).joined().contains("1 sessions are busy (state_timeout)"))
        #expect(try peer.ask("count") == "1")
        #expect(try server.mover("tally").ask("count") == "2")
    }

    @Test func workThatDoesNotEndUndoesTheMove() throws {
        let server = try RunningServer.mover(.tally("1"), "state_timeout = \"2s\"")
        let peer = try server.mover("tally")
        try peer.send("work\n")
        try waitUntil("the worker runs the job") { try server.status().workers.running == 1 }
        try server.folder.install(.tally("2"))
        let receipt = try server.reload()
        #expect(receipt.entries.map(\.detail).joined().contains("work or deliveries of the plugin do not end"))
        try Files.replace(server.folder.gate, with: [])
        #expect(try peer.receiveLine() == "worked by 1 at 1")
        #expect(try server.reloaded("tally").counts == [1, 0, 0])
        #expect(try peer.ask("count") == "2")
    }

    /// Peers of another listener on the same loop are served while this one stands still, and its own new peers wait.
    @Test func onlyThisListenerStandsStill() throws {
        let folder = try ServerFolder(process: "loops = 1")
        try folder.serve(.tally("1", ["HANGS": "1"]), "exercise = false\nstate_timeout = \"60s\"")
        try folder.installEcho()
        nonisolated(unsafe) let server = try RunningServer(folder)
        let (peer, echo) = (try server.mover("tally"), try server.connect())
        try folder.install(.tally("2"))
        let reload = try Background { try server.reload().entry(of: "tally") }
        try peer.send("count\n")
        #expect(try echo.ask("still here") == "still here")
        let late = try server.connect(to: "tally")
        try late.send("count\n")
        #expect(try echo.ask("and here") == "and here")
        try Files.replace(folder.gate, with: [])
        #expect(try reload.value().counts[0] >= 1)
        #expect(try Set([peer.receiveLine(), late.receiveLine()]) == ["1", "2"])
    }

    /// Everything that clients count is counted, whatever is swapped meanwhile.
    @Test(arguments: ["loops", "workers"])
    func nothingIsLostOrRepeatedUnderLoad(dispatch: String) throws {
        let server = try RunningServer.mover(.tally("1"), "dispatch = \"\(dispatch)\"", process: "loops = 2")
        let clients = try (0..<4).map { _ in
            nonisolated(unsafe) let peer = try server.mover("tally")
            return try Background {
                var numbers: [Int] = []
                for _ in 0..<2_000 { numbers.append(Int(try peer.ask("count")) ?? -1) }
                return numbers
            }
        }
        for version in 2...8 { #expect(try server.swap(to: .tally("\(version)")).outcome == .swapped) }
        let numbers = try clients.map { try $0.value() }
        for own in numbers { #expect(zip(own, own.dropFirst()).allSatisfy { $0 < $1 }) }
        #expect(numbers.joined().sorted() == Array(1...8_000))
    }
}
