import BinaryWire

/// A key, or all keys with a prefix.
struct WatchSubject: Hashable {
    let kind: WatchKind
    let name: [UInt8]
}

/// A watch of one connection.
struct ConnectionWatch {
    let number: UInt32
    let subject: WatchSubject
}

/// The subjects that connections watch, and the numbers of the watches: a value without locks.
struct WatchTable {
    private struct Group {
        let number: UInt32
        var members = 0
    }

    private var groups: [WatchSubject: [Group]] = [:]
    private var numbers: Set<UInt32> = []
    private var lastNumber: UInt32
    /// How many watched prefixes have this length, so that a change looks only for those.
    private var prefixLengths: [Int: Int] = [:]

    init(lastNumber: UInt32 = 0) { self.lastNumber = lastNumber }

    var isEmpty: Bool { groups.isEmpty }
    func contains(_ number: UInt32) -> Bool { numbers.contains(number) }

    /// Adds a watch of a connection, and returns its number: one that the subject has, but not the connection, or a new one.
    mutating func begin(_ subject: WatchSubject, besides own: [ConnectionWatch]) -> UInt32 {
        let shared = groups[subject]?.first { group in !own.contains { $0.number == group.number } }
        let number = shared?.number ?? nextNumber()
        add(ConnectionWatch(number: number, subject: subject))
        return number
    }

    private mutating func nextNumber() -> UInt32 {
        repeat { lastNumber &+= 1 } while lastNumber == 0 || numbers.contains(lastNumber)
        return lastNumber
    }

    /// Adds a watch that has a number already. Returns false, and adds nothing, if another subject has the number.
    mutating func restore(_ watch: ConnectionWatch) -> Bool {
        let isKnown = groups[watch.subject]?.contains { $0.number == watch.number } ?? false
        guard isKnown || !numbers.contains(watch.number) else { return false }
        add(watch)
        return true
    }

    private mutating func add(_ watch: ConnectionWatch) {
        var found = groups[watch.subject] ?? []
        if found.isEmpty, watch.subject.kind == .prefix { prefixLengths[watch.subject.name.count, default: 0] += 1 }
        let index = found.firstIndex { $0.number == watch.number } ?? found.count
        if index == found.count {
            found.append(Group(number: watch.number))
            numbers.insert(watch.number)
        }
        found[index].members += 1
        groups[watch.subject] = found
    }

    mutating func end(_ watch: ConnectionWatch) {
        guard var found = groups[watch.subject], let index = found.firstIndex(where: { $0.number == watch.number })
        else { return }
        found[index].members -= 1
        if found[index].members == 0 {
            found.remove(at: index)
            numbers.remove(watch.number)
        }
        groups[watch.subject] = found.isEmpty ? nil : found
        guard found.isEmpty, watch.subject.kind == .prefix else { return }
        let length = watch.subject.name.count
        prefixLengths[length] = prefixLengths[length].flatMap { $0 == 1 ? nil : $0 - 1 }
    }

    /// The numbers of all watches that a key concerns.
    func numbers(for key: UnsafeRawBufferPointer) -> [UInt32] {
        var found = groups[WatchSubject(kind: .key, name: Array(key))]?.map(\.number) ?? []
        for length in prefixLengths.keys where length <= key.count {
            found += groups[WatchSubject(kind: .prefix, name: Array(key[..<length]))]?.map(\.number) ?? []
        }
        return found
    }
}
