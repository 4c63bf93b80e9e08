@testable import BinaryWire

/// Keys with versions, apart from those of `StoreServer`: the versions count the writes. Conditions other than absent and a version are
/// always met.
struct Versions {
    private struct Entry {
        let value: [UInt8]
        let version: UInt64
        let timeToLive: UInt64
    }

    private var entries: [[UInt8]: Entry] = [:]
    private var last: UInt64 = 0
    private var watches: [UInt32: [UInt8]] = [:]

    /// With the notices before the answer. nil: another request.
    mutating func answer(_ request: ServerRequest, _ id: UInt32, _ input: [UInt8]) -> [UInt8]? {
        switch request {
        case .read(let key):
            guard let entry = entries[Array(input[key])] else {
                return encoded { FrameEncoder.readAnswerNotFound(requestID: id, into: &$0) }
            }
            return encoded {
                FrameEncoder.readAnswer(
                    value: entry.value.span.bytes, version: entry.version, timeToLiveMilliseconds: entry.timeToLive,
                    requestID: id, into: &$0)
            }
        case .write(let write):
            var notices: [UInt8] = []
            let answer = apply(write, input, &notices)
            return notices + encoded { FrameEncoder.writeAnswer(answer, requestID: id, into: &$0) }
        case .batch(let batch): return run(batch, id, input)
        case .watch(let watch):
            let number = UInt32(watches.count + 1)
            watches[number] = Array(input[watch.name])
            return encoded { FrameEncoder.watchAnswer(number, requestID: id, into: &$0) }
        case .unwatch(let number):
            let existed = watches.removeValue(forKey: number) != nil
            return encoded { FrameEncoder.unwatchAnswer(existed: existed, requestID: id, into: &$0) }
        default: return nil
        }
    }

    private mutating func run(_ batch: BatchRequest, _ id: UInt32, _ input: [UInt8]) -> [UInt8] {
        let before = self
        var (writes, versions, notices) = (batch.writes, [UInt64](), [UInt8]())
        while let write = writes.next(in: input.span.bytes) {
            let answer = apply(write, input, &notices)
            guard answer.isDone else {
                self = before
                return encoded {
                    FrameEncoder.batchAnswerNotMet(
                        index: versions.count, version: answer.version, requestID: id, into: &$0)
                }
            }
            versions.append(answer.version)
        }
        return notices + encoded { FrameEncoder.batchAnswer(versions: versions.span, requestID: id, into: &$0) }
    }

    private mutating func apply(_ write: WriteRequest, _ input: [UInt8], _ notices: inout [UInt8]) -> WriteAnswer {
        let key = Array(input[write.key])
        let old = entries[key]
        let isMet =
            switch write.condition {
            case .absent: old == nil
            case .version(let version): old?.version == version
            case .always, .present: true
            }
        guard isMet else { return WriteAnswer(isDone: false, existed: old != nil, version: old?.version ?? 0) }
        last += 1
        let version = write.operation == .put ? last : 0
        entries[key] =
            write.operation == .put
            ? Entry(value: Array(input[write.value]), version: version, timeToLive: write.timeToLiveMilliseconds)
            : nil
        for (number, prefix) in watches where key.starts(with: prefix) {
            notices += encoded {
                FrameEncoder.changed(
                    version > 0 ? .put : .deleted, watch: number, version: version, key: key.span.bytes, into: &$0)
            }
        }
        return WriteAnswer(isDone: true, existed: old != nil, version: version)
    }
}
