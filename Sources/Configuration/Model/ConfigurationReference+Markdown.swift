extension ConfigurationReference {
    /// The part of docs/operating.md that lists every key. `swift test` fails when the page is out of date.
    package static func markdown() -> String {
        FileKind.allCases.map { file in
            "### `\(file.rawValue)`\n\n" + tables(of: entries.filter { $0.file == file })
        }.joined(separator: "\n")
    }

    private static func tables(of entries: [Entry]) -> String {
        var tables: [[Entry]] = []
        for entry in entries where !tables.contains(where: { $0[0].table == entry.table }) {
            tables.append(entries.filter { $0.table == entry.table })
        }
        return tables.map { heading(of: $0[0]) + table(of: $0) }.joined(separator: "\n")
    }

    private static func heading(of entry: Entry) -> String {
        guard !entry.table.isEmpty else { return "" }
        return (entry.isInList ? "`[[\(entry.table)]]`" : "`[\(entry.table)]`") + "\n\n"
    }

    private static func table(of entries: [Entry]) -> String {
        let header = "| key | type | default | range | meaning |\n|---|---|---|---|---|\n"
        return header + entries.map(row).joined()
    }

    private static func row(_ entry: Entry) -> String {
        let fallback = entry.required ? "required" : entry.default.map { "`\($0)`" } ?? "none"
        let cells = ["`\(entry.key)`", entry.type, fallback, entry.range, entry.help]
        return "| " + cells.joined(separator: " | ") + " |\n"
    }
}
