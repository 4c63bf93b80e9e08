import FoundationEssentials
import Testing

@testable import Instances
@testable import PluginHost

@Suite struct OptionValueTests {
    private static func tree(line: Int) -> OptionValue {
        func item(_ key: String, _ value: OptionValue) -> OptionValue.Item {
            OptionValue.Item(key: key, value: value, line: line, column: 3)
        }
        return .table([
            item("on", .boolean(true)), item("largest", .integer(.max)), item("ratio", .number(0.1)),
            item("text", .text("a \"b\"\n\u{1F426}")), item("idle", .duration(30_000_000_000)),
            item("size", .size(65_536)), item("root", .path("/srv")),
            item("routes", .list([item("", .table([item("path", .text("/"))])), item("", .table([]))])),
        ])
    }

    @Test func reachesTheProbeUnchanged() throws {
        let request = ExerciseRequest(options: Self.tree(line: 7), seed: .max, budgetMilliseconds: 2_500)
        let bytes = try JSONEncoder().encode(request)
        #expect(try JSONDecoder().decode(ExerciseRequest.self, from: bytes) == request)
    }

    @Test func isEqualWithoutItsPositions() {
        #expect(Self.tree(line: 7) != Self.tree(line: 8))
        #expect(Self.tree(line: 7).withoutPositions == Self.tree(line: 8).withoutPositions)
    }
}
