/// Where a value is in its file: `listen[1]`, in line 3 at column 5.
package struct ConfigurationPlace: Sendable, Hashable {
    package var key: ConfigurationKey
    package var position: Position

    package init(_ key: ConfigurationKey, _ position: Position) {
        self.key = key
        self.position = position
    }
}

extension ConfigurationPlace: CustomStringConvertible {
    package var description: String { "\(key) at \(position.line):\(position.column)" }
}
