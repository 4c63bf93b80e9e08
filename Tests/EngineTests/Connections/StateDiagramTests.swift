import Foundation
import Testing

@testable import Engine

/// The diagrams in `docs/architecture.md` show the transitions of the code, no more and no fewer.
@Suite struct StateDiagramTests {
    /// The edges of one concern: "open --> ended: ended".
    private static func edges<Value: Hashable & CaseIterable>(
        _ concern: KeyPath<ConnectionState, Value>
    ) -> [String] {
        var events: [String: Set<String>] = [:]
        for state in ConnectionStateTests.all {
            for event in ConnectionEvent.allCases where state.allows(event) {
                var next = state
                next.take(event)
                // The slot of another connection begins anew.
                guard next[keyPath: concern] != state[keyPath: concern], isOfInterest(event, concern) else { continue }
                let edge = "\(state[keyPath: concern]) --> \(next[keyPath: concern])"
                events[edge, default: []].insert("\(event)")
            }
        }
        return events.map { "    \($0.key): \($0.value.sorted().joined(separator: ", "))" }.sorted()
    }

    /// What ends the connection resets every other concern, which would fill the diagrams with edges that say nothing.
    private static func isOfInterest<Value>(_ event: ConnectionEvent, _ concern: KeyPath<ConnectionState, Value>)
        -> Bool
    {
        Value.self == ConnectionState.Life.self || event != .released && event != .lingers
    }

    static let diagrams: [String: [String]] = [
        "life": edges(\.life), "ending": edges(\.ending), "peer's side": edges(\.peerSide), "flow": edges(\.flow),
    ]

    private static func documented(_ name: String) throws -> [String] {
        let file = URL(filePath: #filePath).deletingLastPathComponent().appending(path: "../../../docs/architecture.md")
        let text = try String(contentsOf: file, encoding: .utf8)
        let heading = "**\(name)**"
        let section = try #require(text.range(of: heading), "no \(heading) in docs/architecture.md")
        let begin = try #require(text[section.upperBound...].range(of: "stateDiagram-v2\n"))
        let end = try #require(text[begin.upperBound...].range(of: "```"))
        return text[begin.upperBound..<end.lowerBound].split(separator: "\n").map(String.init)
    }

    @Test(arguments: ["life", "ending", "peer's side", "flow"])
    func theDiagramIsThatOfTheCode(_ name: String) throws {
        let expected = try #require(Self.diagrams[name])
        let found = try Self.documented(name)
        #expect(found == expected, "\(name) must be:\n\(expected.joined(separator: "\n"))")
    }
}
