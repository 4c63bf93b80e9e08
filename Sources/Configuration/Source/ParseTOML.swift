import TOMLKit

// The only file that knows TOMLKit. What it works around (all in 0.6.0):
// - a table's iterator traps when a key contains NUL, hence `keys` beside `values`, and no NUL gets here;
// - values have no position and tables are sorted by key, hence the locator;
// - parsed tables are never freed. A reload costs a few hundred bytes per key; `ConfigurationFolder` therefore
//   takes the documents of files that did not change from the load before.

func parseTOML(
    _ text: String, file: String, locator: SourceLocator
) throws(ConfigurationError) -> ConfigurationTable {
    do {
        return table(try TOMLTable(string: text), node: 0, locator)
    } catch let error as TOMLParseError {
        let position = Position(line: max(1, error.source.begin.line), column: max(1, error.source.begin.column))
        let message = "TOML syntax: \(printable(error.description))"
        throw ConfigurationError([Diagnostic(file: file, position: position, message: message)])
    } catch {
        throw ConfigurationError([Diagnostic(file: file, message: "TOML syntax: \(error)")])
    }
}

private func table(_ source: TOMLTable, node: Int?, _ locator: SourceLocator) -> ConfigurationTable {
    let members = zip(source.keys, source.values).map { key, value in
        let child = node.flatMap { locator.child(.key(key), of: $0) }
        let member = ConfigurationTable.Member(key: key, value: convert(value, node: child, parent: node, locator))
        return (order: child ?? .max, member: member)
    }
    let position = node.map { locator.nodes[$0].position } ?? .start
    return ConfigurationTable(members.sorted { $0.order < $1.order }.map(\.member), at: position)
}

/// `node` is nil when the locator lost its way; the position is then the parent's.
private func convert(_ value: TOMLValue, node: Int?, parent: Int?, _ locator: SourceLocator) -> ConfigurationValue {
    let position = (node ?? parent).map { locator.nodes[$0].position } ?? .start
    return ConfigurationValue(content(value, node: node ?? parent, locator), at: position)
}

private func content(_ value: TOMLValue, node: Int?, _ locator: SourceLocator) -> ConfigurationValue.Content {
    switch value.type {
    case .bool: .boolean(value.bool ?? false)
    case .int: .integer(Int64(value.int ?? 0))
    case .double: .number(value.double ?? 0)
    case .string: .text(value.string ?? "")
    case .date, .time, .dateTime: .date
    case .table: .table(value.table.map { table($0, node: node, locator) } ?? ConfigurationTable())
    case .array: .list(value.array.map { list($0, node: node, locator) } ?? [])
    }
}

private func list(_ source: TOMLArray, node: Int?, _ locator: SourceLocator) -> [ConfigurationValue] {
    (0..<source.count).map { index in
        let child = node.flatMap { locator.child(.index(index), of: $0) }
        return convert(source[index].tomlValue, node: child, parent: node, locator)
    }
}
