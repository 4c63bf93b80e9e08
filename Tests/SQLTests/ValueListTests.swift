import Testing

@testable import SQL

@Suite struct ValueListTests {
    @Test func valuesComeBackInTheirOrder() {
        var list = ValueList()
        list.append(.null)
        list.append(.integer(.min))
        list.append(.real(-0.5))
        list.append("häh\0")
        list.append([0, 255])
        list.append("")
        list.append([UInt8]())
        #expect(list.count == 7)
        var found: [String] = []
        list.visit { index, value in
            #expect(index == found.count)
            let text =
                switch value {
                case .null: "null"
                case .integer(let number): "\(number)"
                case .real(let number): "\(number)"
                case .text(let text): "'" + String(decoding: text, as: UTF8.self) + "'"
                case .bytes(let bytes): "\(Array(bytes))"
                }
            found.append(text)
        }
        #expect(found == ["null", "-9223372036854775808", "-0.5", "'häh\0'", "[0, 255]", "''", "[]"])
    }

    @Test func itIsEmptyAgain() {
        var list = ValueList()
        list.append(.integer(1))
        list.removeAll()
        #expect(list.count == 0 && list.byteCount == 0)
        list.visit { _, _ in Issue.record("there is no value") }
    }
}
