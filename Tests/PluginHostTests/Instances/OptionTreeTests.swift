import CMartlet
import Testing

@testable import Instances
@testable import PluginHost

/// Options as the C structs that `create` gets.
@Suite struct OptionTreeTests {
    private func text(_ text: martlet_text) -> String {
        String(decoding: UnsafeRawBufferPointer(start: text.data, count: text.length), as: UTF8.self)
    }

    private func item(_ key: String, _ value: OptionValue, line: Int = 0) -> OptionValue.Item {
        OptionValue.Item(key: key, value: value, line: line, column: line * 2)
    }

    @Test func everyKindHasItsMember() throws {
        let tree = OptionTree(
            .table([
                item("b", .boolean(true), line: 3), item("i", .integer(-7)), item("n", .number(0.5)),
                item("t", .text("grün")), item("d", .duration(1_000)), item("s", .size(4_096)),
                item("p", .path("/srv")),
                item("l", .list([item("", .integer(1)), item("", .integer(2))])), item("e", .list([])),
                item("sub", .table([item("inner", .text(""))])),
            ]))
        let root = tree.root.pointee
        #expect(root.type == MARTLET_TYPE_TABLE && root.item_count == 10)
        let items = (0..<root.item_count).map { root.items[$0]!.pointee }
        #expect(items.map { text($0.key) } == ["b", "i", "n", "t", "d", "s", "p", "l", "e", "sub"])
        #expect(items.allSatisfy { $0.size == UInt32(MemoryLayout<martlet_value>.size) })
        #expect(
            items.map(\.type) == [
                MARTLET_TYPE_BOOLEAN, MARTLET_TYPE_INTEGER, MARTLET_TYPE_NUMBER, MARTLET_TYPE_TEXT,
                MARTLET_TYPE_DURATION, MARTLET_TYPE_SIZE, MARTLET_TYPE_PATH, MARTLET_TYPE_LIST, MARTLET_TYPE_LIST,
                MARTLET_TYPE_TABLE,
            ])
        #expect(items[0].integer == 1 && items[0].line == 3 && items[0].column == 6)
        #expect(items[1].integer == -7 && items[1].line == 0)
        #expect(items[2].number == 0.5)
        #expect(text(items[3].text) == "grün")
        #expect(items[4].integer == 1_000 && items[5].integer == 4_096)
        #expect(text(items[6].text) == "/srv")
        #expect((0..<items[7].item_count).map { items[7].items[$0]!.pointee.integer } == [1, 2])
        #expect(items[8].items == nil && items[8].item_count == 0)
        let inner = try #require(items[9].items[0]).pointee
        #expect(text(inner.key) == "inner" && inner.text.length == 0)
        withExtendedLifetime(tree) {}
    }
}
