import BinaryWire
import KeyValueStore
import MartletKit
import Synchronization

/// What the connections of an instance watch, and how they hear of changes.
///
/// Each watched subject is a group of the host. A notice is the same for all of its members, so the number of a watch belongs to the
/// subject: all connections that watch it have the same. One that watches it twice is in two groups.
///
/// The store tells its observer of changes while it is locked, and has no observer while nobody watches. Here a second lock is taken within
/// that of the store, never the other way round.
final class Watches: Sendable {
    private struct State {
        var table = WatchTable()
        /// Watches whose members must be told that they have missed something.
        var losses: Set<UInt32> = []
    }

    private let state = Mutex(State())
    private let host: Host<Binary>
    private let onChange: @Sendable (Int) -> Void

    /// - Parameter onChange: called with 1 for each watch that begins, and -1 for each that ends.
    init(_ host: Host<Binary>, onChange: @escaping @Sendable (Int) -> Void) {
        self.host = host
        self.onChange = onChange
    }

    static func group(_ number: UInt32) -> String { "watch \(number)" }

    // MARK: Members

    /// Counts a new watch, and returns its number: that of the subject, unless the connection has it already.
    func begin(_ subject: WatchSubject, besides own: [ConnectionWatch], in store: SharedStore) -> UInt32 {
        let number = change(store) { $0.begin(subject, besides: own) }
        onChange(1)
        return number
    }

    /// A watch with its number, from another instance. Returns false if something else has the number here.
    func restore(_ watch: ConnectionWatch, in store: SharedStore) -> Bool {
        let isRestored = change(store) { $0.restore(watch) }
        if isRestored { onChange(1) }
        return isRestored
    }

    func end(_ watch: ConnectionWatch, in store: SharedStore) {
        change(store) { $0.end(watch) }
        onChange(-1)
    }

    /// Also gives the store its observer, or takes it away.
    private func change<Result>(_ store: SharedStore, _ body: (inout WatchTable) -> Result) -> Result {
        var result: Result?
        store.observe {
            state.withLock { state in
                result = body(&state.table)
                guard !state.table.isEmpty else { return nil }
                return { [self] key, event in tell(key, event) }
            }
        }
        return result!
    }

    // MARK: Notices

    /// Tells those who watch a key.
    func tell(_ key: UnsafeRawBufferPointer, _ event: StoreEvent) {
        let (kind, version): (ChangeKind, UInt64) =
            switch event {
            case .put(let version): (.put, version)
            case .deleted: (.deleted, 0)
            case .expired: (.expired, 0)
            }
        state.withLock { state in
            guard !state.table.isEmpty else { return }
            for number in state.table.numbers(for: key) {
                if !send(kind, number, version, key) { state.losses.insert(number) }
            }
        }
    }

    private func send(
        _ kind: ChangeKind, _ number: UInt32, _ version: UInt64 = 0,
        _ key: UnsafeRawBufferPointer = UnsafeRawBufferPointer(start: nil, count: 0)
    ) -> Bool {
        withUnsafeTemporaryAllocation(byteCount: FrameEncoder.largestChangeBytes, alignment: 8) { memory in
            memory.initializeMemory(as: UInt8.self, repeating: 0)
            var output = memory.mutableBytes
            guard
                case .written(let count) = FrameEncoder.changed(
                    kind, watch: number, version: version, key: key.bytes, into: &output)
            else { return false }
            return host.send(UnsafeRawBufferPointer(rebasing: memory[..<count]), to: Self.group(number)).isAccepted
        }
    }

    /// Tells the members of watches of which a notice could not be sent, because a loop had no room for it.
    func reportLosses() {
        state.withLock { state in
            guard !state.losses.isEmpty else { return }
            state.losses = state.losses.filter { state.table.contains($0) && !send(.lost, $0) }
        }
    }
}
