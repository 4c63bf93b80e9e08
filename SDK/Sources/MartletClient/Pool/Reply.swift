import BinaryWire

/// What a server answered, with bytes of its own.
enum Reply: Sendable {
    case server(MartletClient.Server)
    case bytes([UInt8])
    case value([UInt8]?)
    case created(Bool)
    case existed(Bool)
    case page([MartletClient.Entry], more: Bool)
    case record(MartletClient.Record?)
    case written(MartletClient.WriteOutcome)
    case batch(MartletClient.BatchOutcome)
    /// Names the watch in the pool.
    case watching(SlotID)
}

extension Reply {
    /// Copies an answer out of the input. nil: it is not for a caller.
    init?(_ answer: Answer, in bytes: RawSpan) {
        switch answer {
        case .pong(let range), .echo(let range): self = .bytes(bytes.array(range))
        case .value(.some(let range)): self = .value(bytes.array(range))
        case .value(nil): self = .value(nil)
        case .put(let created): self = .created(created)
        case .delete(let existed): self = .existed(existed)
        case .scan(let scan): self = .page(Self.entries(scan, bytes), more: scan.more)
        case .read(let read): self = .record(Self.record(read, bytes))
        case .write(let answer):
            self = .written(
                answer.isDone
                    ? .done(version: answer.version, existed: answer.existed)
                    : .conditionNotMet(version: answer.version))
        case .batch(.done(let versions)):
            self = .batch(.done(versions: (0..<versions.count).map { versions.version($0, in: bytes) }))
        case .batch(.notMet(let index, let version)):
            self = .batch(.conditionNotMet(index: index, version: version))
        case .watch, .unwatch, .authenticate, .failed: return nil
        }
    }

    private static func entries(_ scan: ScanAnswer, _ bytes: RawSpan) -> [MartletClient.Entry] {
        var entries: [MartletClient.Entry] = []
        entries.reserveCapacity(scan.count)
        var cursor = scan.entries
        while let entry = cursor.next(in: bytes) {
            entries.append(MartletClient.Entry(key: bytes.array(entry.key), value: bytes.array(entry.value)))
        }
        return entries
    }

    private static func record(_ read: ReadAnswer, _ bytes: RawSpan) -> MartletClient.Record? {
        guard let value = read.value else { return nil }
        let rest = read.timeToLiveMilliseconds
        return MartletClient.Record(
            value: bytes.array(value), version: read.version,
            timeToLive: rest == 0 ? nil : .milliseconds(Int64(clamping: rest)))
    }
}
