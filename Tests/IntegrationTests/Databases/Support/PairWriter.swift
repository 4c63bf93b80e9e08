/// A client that writes rising numbers to both keys of a pair of its own, and knows which of them were acknowledged. When its connection is
/// lost it makes another one, and looks at what is there.
final class PairWriter: Sendable {
    let pair: Pair
    private let client: StubbornClient

    /// - Parameter errorsAreUnknown: after an error the write may have been done. Else an error is a wrong answer.
    init(_ plugin: StorePlugin, number: Int, at address: ServerAddress, errorsAreUnknown: Bool = false) throws {
        pair = Pair("\(plugin) \(number)")
        let known = Known()
        let pair = pair
        client = try StubbornClient(pair.name) {
            let client = try plugin.connect(to: address)
            func attempt<Value>(_ body: () throws -> Value) throws -> Value {
                do { return try body() } catch let error as StoreError where !errorsAreUnknown {
                    throw StubbornClient.WrongAnswer(description: "\(pair.name): \(error)")
                }
            }
            try attempt { try known.look(at: pair, client) }
            return {
                let number = known.begin()
                try attempt { try client.set(pair, Array(String(number).utf8)) }
                known.acknowledged = number
                if number % 4 == 0 { try attempt { try known.look(at: pair, client) } }
            }
        }
    }

    /// How many writes were acknowledged.
    var acknowledged: Int { client.rounds }
    var hasFailed: Bool { client.hasFailed }
    var losses: Int { client.losses }

    /// Stops it. Throws if something was lost.
    func finish() throws { try client.finish() }

    /// What a writer knows. Used by its thread.
    private final class Known: @unchecked Sendable {
        var acknowledged = 0
        /// The last one that may have been written.
        private var attempted = 0
        private var versions: [UInt64] = [0, 0]

        func begin() -> Int {
            attempted = acknowledged + 1
            return attempted
        }

        func look(at pair: Pair, _ client: any StoreClient) throws {
            let values = try client.get(pair).map { $0.map { String(decoding: $0, as: UTF8.self) } ?? "0" }
            guard values[0] == values[1], let number = Int(values[0]), number == acknowledged || number == attempted
            else {
                throw StubbornClient.WrongAnswer(
                    description: "\(pair.name): found \(values), acknowledged \(acknowledged), attempted \(attempted)")
            }
            acknowledged = number
            guard let client = client as? BinaryStoreClient, number > 0 else { return }
            let found = try pair.keys.map { try client.read($0)?.version ?? 0 }
            guard zip(found, versions).allSatisfy(>=) else {
                throw StubbornClient.WrongAnswer(description: "\(pair.name): versions \(found) after \(versions)")
            }
            versions = found
        }
    }
}

/// Looks at the pairs of others all the time: both keys are equal, and their numbers never fall.
final class PairReader: Sendable {
    private let client: StubbornClient

    init(_ plugin: StorePlugin, _ pairs: [Pair], at address: ServerAddress) throws {
        let seen = Seen()
        client = try StubbornClient("reader of \(plugin)") {
            let client = try plugin.connect(to: address)
            return { for pair in pairs { try seen.look(at: pair, client) } }
        }
    }

    var rounds: Int { client.rounds }
    func finish() throws { try client.finish() }

    private final class Seen: @unchecked Sendable {
        private var numbers: [Pair: Int] = [:]

        func look(at pair: Pair, _ client: any StoreClient) throws {
            let values = try client.get(pair).map { $0.flatMap { Int(String(decoding: $0, as: UTF8.self)) } ?? 0 }
            guard values[0] == values[1], values[0] >= numbers[pair, default: 0] else {
                throw StubbornClient.WrongAnswer(
                    description: "\(pair.name): found \(values) after \(numbers[pair, default: 0])")
            }
            numbers[pair] = values[0]
        }
    }
}
