/// A TOML table whose members keep the order of the document.
package struct ConfigurationTable: Sendable {
    package struct Member: Sendable, Equatable {
        package var key: String
        package var value: ConfigurationValue

        package init(key: String, value: ConfigurationValue) {
            self.key = key
            self.value = value
        }
    }

    package var members: [Member]
    package var position: Position

    package init(_ members: [Member] = [], at position: Position = .start) {
        self.members = members
        self.position = position
    }

    package subscript(key: String) -> ConfigurationValue? {
        members.first { $0.key == key }?.value
    }

    package var keys: [String] { members.map(\.key) }

    /// The table below `key`; empty when there is none.
    func child(_ key: String) -> ConfigurationTable {
        self[key]?.table ?? ConfigurationTable()
    }

    mutating func replace(_ key: String, with table: ConfigurationTable) {
        members.removeAll { $0.key == key }
        members.append(Member(key: key, value: ConfigurationValue(.table(table), at: table.position)))
    }
}

/// The order is compared, because a plugin can see it; positions are not.
extension ConfigurationTable: Equatable {
    package static func == (left: ConfigurationTable, right: ConfigurationTable) -> Bool {
        left.members == right.members
    }
}
