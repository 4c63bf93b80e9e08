import Engine
import Simulation
import TestInput
import Testing

@testable import Instances
@testable import PluginHost

@Suite struct PeerScriptTests {
    @Test(arguments: [0, 42, UInt32.max])
    func playsTheSameForTheSameSeed(_ seed: UInt32) {
        #expect(PeerScript.all(seed: seed) == PeerScript.all(seed: seed))
        #expect(PeerScript.all(seed: seed) != PeerScript.all(seed: seed ^ 1))
    }

    @Test func namesEachScriptDifferently() {
        let names = PeerScript.all(seed: 42).map(\.name)
        #expect(Set(names).count == names.count)
        #expect(names.contains("line text in pieces of 7"))
        #expect(names.contains("random input (seed 42)"))
    }

    @Test func endsConnectionsInEveryWay() {
        #expect(Set(PeerScript.all(seed: 1).map(\.ending)) == Set(PeerScript.Ending.allCases))
    }

    @Test func authorsCanReproduceItsRandomInput() throws {
        var generator = SeededGenerator(seed: 42)
        let script = try #require(PeerScript.all(seed: 42).first { $0.name == "random input (seed 42)" })
        #expect(script.input == generator.bytes(count: 2_048))
    }

    @Test func takesTheSeedFromTheContent() {
        #expect(ExerciseRequest.seed(ofHash: "000000ff" + String(repeating: "a", count: 56)) == 255)
    }
}

@Suite struct ExerciseNarratorTests {
    @Test func reportsEachCallOncePerScript() {
        var told: [String] = []
        let narrator = ExerciseNarrator { told.append($0) }
        narrator.begin(.create)
        narrator.script = "with line text"
        for call in [CallbackKind.opened, .received, .received, .closed] { narrator.begin(call) }
        narrator.script = "with zeros"
        narrator.begin(.closed)
        #expect(
            told == [
                "in create", "in opened, with line text", "in received, with line text", "in closed, with line text",
                "in closed, with zeros",
            ])
    }
}
