import FoundationEssentials
import Testing

@testable import Server

@Suite struct ServerStateTests {
    private func hash(_ digit: Character) -> String { String(repeating: digit, count: 64) }

    private var state: ServerState {
        var state = ServerState()
        state.quarantine[hash("a")] = .init(reason: "3 faults", listener: "echo", time: "2026-01-01T00:00:00Z")
        state.heldBack["echo"] = .init(
            reason: "its trial was aborted (3 faults)", held: .init(hash: hash("a"), file: "plugin = \"a.so\"\n"),
            runs: .init(hash: hash("b"), file: "plugin = \"b.so\"\n# ü\n"))
        state.heldBack["http"] = .init(
            reason: "rolled back", held: .init(hash: hash("c"), file: ""), runs: .init(hash: hash("d"), file: ""))
        return state
    }

    @Test func isTheSameAfterItWasWrittenAndRead() throws {
        let data = try JSONEncoder().encode(state)
        #expect(try JSONDecoder().decode(ServerState.self, from: data) == state)
    }

    @Test func needsTheImagesThatRunInstead() {
        #expect(state.neededImages == [hash("b"), hash("d")])
    }

    @Test func forgivesHashesThatBeginWithThePrefix() {
        var state = state
        #expect(state.forgive("aaaaa") == [], "five digits are too few")
        #expect(state.forgive("bbbbbb") == [], "what runs needs no forgiveness")
        #expect(state == self.state)
        #expect(state.forgive("aaaaaa") == [hash("a")])
        #expect(state.quarantine.isEmpty && state.heldBack.keys.sorted() == ["http"])
        #expect(state.forgive(hash("c")) == [hash("c")], "held back by a rollback, never in quarantine")
        #expect(state == ServerState())
    }
}
