/// Sizes as people write them: `512B`, `64KiB`, `1MiB`, `10KB`. The binary units are powers of 1024, the others of 1000.
package enum SizeText {
    /// The binary ones first, so that `render` prefers them.
    private static let units: [(name: String, bytes: Int64)] = [
        ("TiB", 1 << 40), ("GiB", 1 << 30), ("MiB", 1 << 20), ("KiB", 1 << 10),
        ("TB", 1_000_000_000_000), ("GB", 1_000_000_000), ("MB", 1_000_000), ("KB", 1000),
        ("B", 1),
    ]

    /// Nil when the text has another form or is more than an `Int64` of bytes.
    package static func bytes(_ text: String) -> Int64? {
        var rest = Substring(text)
        guard let amount = takeNumber(&rest), let unit = units.first(where: { $0.name == rest }) else { return nil }
        let (bytes, tooLarge) = amount.multipliedReportingOverflow(by: unit.bytes)
        return tooLarge ? nil : bytes
    }

    package static func render(bytes: Int64) -> String {
        guard bytes > 0, let unit = units.first(where: { bytes % $0.bytes == 0 }) else { return "\(bytes)B" }
        return "\(bytes / unit.bytes)\(unit.name)"
    }
}
