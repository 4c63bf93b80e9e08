@testable import BinaryWire

/// A reply that a client read, as a value that a test can compare.
enum Reply: Equatable {
    case opened(HelloAnswer)
    case pong([UInt8])
    case echo([UInt8])
    case value([UInt8]?)
    case put(created: Bool)
    case delete(existed: Bool)
    case scan([Entry], more: Bool)
    case failed(ErrorCode, String)
    case closed(ErrorCode, requestID: UInt32)
    case read([UInt8]?, version: UInt64, timeToLive: UInt64)
    case write(WriteAnswer)
    case batch([UInt64])
    case batchNotMet(index: Int, version: UInt64)
    case watch(UInt32)
    case unwatch(existed: Bool)
    case user(String, isReadOnly: Bool, message: [UInt8])
    case goesOn([UInt8])
    case changed(ChangeKind, watch: UInt32, version: UInt64, key: String)
    case heartbeat(answer: [UInt8])
    case goodbye(reason: UInt16, graceMilliseconds: UInt32)
    case violation(ProtocolViolation)

    struct Entry: Equatable {
        let key: String
        let value: String
    }

    init?(_ event: ClientEvent, in bytes: RawSpan) {
        switch event {
        case .needMore, .discarded: return nil
        case .opened(let hello): self = .opened(hello)
        case .answer(let answer, _): self.init(answer, in: bytes)
        case .changed(let notice):
            self = .changed(notice.kind, watch: notice.watch, version: notice.version, key: bytes.text(notice.key))
        case .send(let answer): self = .heartbeat(answer: answer)
        case .goodbye(let goodbye):
            self = .goodbye(reason: goodbye.reason.rawValue, graceMilliseconds: goodbye.graceMilliseconds)
        case .closed(let report, let id): self = .closed(report.code, requestID: id)
        case .violation(let violation): self = .violation(violation)
        }
    }

    private init(_ answer: Answer, in bytes: RawSpan) {
        switch answer {
        case .pong(let range): self = .pong(bytes.array(range))
        case .echo(let range): self = .echo(bytes.array(range))
        case .value(let range):
            if let range { self = .value(bytes.array(range)) } else { self = .value(nil) }
        case .put(let created): self = .put(created: created)
        case .delete(let existed): self = .delete(existed: existed)
        case .scan(let scan):
            var entries: [Entry] = []
            var cursor = scan.entries
            while let entry = cursor.next(in: bytes) {
                entries.append(Entry(key: bytes.text(entry.key), value: bytes.text(entry.value)))
            }
            self = .scan(entries, more: scan.more)
        case .read(let read):
            let value = read.value.map { bytes.array($0) }
            self = .read(value, version: read.version, timeToLive: read.timeToLiveMilliseconds)
        case .write(let answer): self = .write(answer)
        case .batch(.done(let versions)):
            self = .batch((0..<versions.count).map { versions.version($0, in: bytes) })
        case .batch(.notMet(let index, let version)): self = .batchNotMet(index: index, version: version)
        case .watch(let watch): self = .watch(watch)
        case .unwatch(let existed): self = .unwatch(existed: existed)
        case .authenticate(let answer):
            self =
                answer.isDone
                ? .user(bytes.text(answer.name), isReadOnly: answer.isReadOnly, message: bytes.array(answer.message))
                : .goesOn(bytes.array(answer.message))
        case .failed(let report): self = .failed(report.code, bytes.text(report.text))
        }
    }
}
