extension ConnectionLimits {
    /// The table `[limits]` of a listener and `[defaults.limits]` of the process.
    static let schema = OptionSchema([
        OptionDescription(
            "connections", .integer, default: "0", minimum: 0, maximum: 10_000_000,
            help: "Open connections of this listener; 0 leaves only the limit of the process."),
        OptionDescription(
            "idle_timeout", .duration, default: #""75s""#, minimum: 0, maximum: .days(365),
            help: "Close a connection on which nothing moves for this long; \"0s\" is off."),
        OptionDescription(
            "write_timeout", .duration, default: #""30s""#, minimum: 0, maximum: .days(365),
            help: "Close a connection whose peer takes none of the pending output for this long; \"0s\" is off."),
        OptionDescription(
            "max_input", .size, default: #""1MiB""#, minimum: .kibibytes(1), maximum: .gibibytes(1),
            help: "Input of a connection that the plugin has not consumed."),
        OptionDescription(
            "output_high_water", .size, default: #""256KiB""#, minimum: .kibibytes(4), maximum: .gibibytes(1),
            help: "Pending output at which reading from the peer pauses."),
        OptionDescription(
            "output_low_water", .size, default: #""64KiB""#, minimum: 0, maximum: .gibibytes(1),
            help: "Pending output at which reading goes on; must be below output_high_water."),
    ])

    /// Checked after layering, since the two marks may come from different files. Only a table that sets one of them is
    /// blamed: what it inherits was checked where it stands.
    func problems(of table: ConfigurationTable, at key: ConfigurationKey, file: String) -> [Diagnostic] {
        guard outputLowWater >= outputHighWater else { return [] }
        let low = SizeText.render(bytes: Int64(outputLowWater))
        let high = SizeText.render(bytes: Int64(outputHighWater))
        let blamed: (key: String, message: String)
        if table["output_low_water"] != nil {
            blamed = ("output_low_water", "expected less than output_high_water, which is \(high), found \(low)")
        } else {
            blamed = ("output_high_water", "expected more than output_low_water, which is \(low), found \(high)")
        }
        guard let value = table[blamed.key] else { return [] }
        return [
            Diagnostic(file: file, position: value.position, key: key.appending(blamed.key), message: blamed.message)
        ]
    }
}
