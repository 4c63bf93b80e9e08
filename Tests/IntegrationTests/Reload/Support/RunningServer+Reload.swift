import Server

/// Requests and queries of the reload tests.
extension RunningServer {
    @discardableResult
    func reload(partial: Bool) throws -> Receipt { try receipt("reload", ",\"partial\":\(partial)") }

    @discardableResult
    func rollback(_ listener: String) throws -> Receipt { try receipt("rollback", ",\"listener\":\"\(listener)\"") }

    /// Reloads and returns the entry for one listener.
    func reloaded(_ listener: String) throws -> Receipt.Entry { try reload().entry(of: listener) }

    func generationRows() throws -> [GenerationRow] {
        guard let rows = try ask("generations").generations else {
            throw Failure("ask for the generations: the answer has none")
        }
        return rows
    }

    /// The numbers of the live generations of a listener, oldest first.
    func generations(of listener: String) throws -> [Int] {
        try generationRows().filter { $0.listener == listener }.map(\.generation).sorted()
    }

    func generation(_ number: Int, of listener: String) throws -> GenerationRow? {
        try generationRows().first { $0.listener == listener && $0.generation == number }
    }

    /// A counter of the listener's plugin, over all its generations.
    func metric(_ name: String, of listener: String) throws -> Int64 {
        guard let metric = try self.listener(listener)?.metrics.first(where: { $0.name == name }) else {
            throw Failure("listener \(listener) has no metric \(name)")
        }
        return metric.value
    }

    private func receipt(_ request: String, _ more: String) throws -> Receipt {
        guard let receipt = try ask(request, more).receipt else { throw Failure("\(request): found no receipt") }
        return receipt
    }
}

extension Receipt {
    func entry(of listener: String) throws -> Entry {
        guard let entry = entries.first(where: { $0.listener == listener }) else {
            throw Failure("expected an entry of listener \(listener), found \(entries)")
        }
        return entry
    }

    /// Listeners with their outcomes, such as `["echo unchanged", "shout started"]`.
    var outcomes: [String] { entries.map { "\($0.listener) \($0.outcome)" } }
}

extension Receipt.Entry {
    /// Migrated, waiting, pinned.
    var counts: [Int] { moves.map { [$0.migrated, $0.waiting, $0.pinned] } ?? [] }
}
