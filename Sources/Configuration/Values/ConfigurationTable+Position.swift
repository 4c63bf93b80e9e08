extension ConfigurationTable {
    /// The position of a value. For a missing key, the position of the nearest table or list around it.
    package func position(of key: ConfigurationKey) -> Position {
        var found = ConfigurationValue(.table(self), at: .start)
        for component in key.components {
            let next: ConfigurationValue? =
                switch component {
                case .key(let key): found.table?[key]
                case .index(let index): found.list.flatMap { $0.indices.contains(index) ? $0[index] : nil }
                }
            guard let next else { break }
            found = next
        }
        return found.position
    }
}
