import BinaryWire
import KeyValueStore
import MartletKit

extension Exchange {
    /// Builds the answer entry by entry while the store is locked, in memory of the usual size of an answer. Only if the
    /// first entry does not fit, it reserves more.
    func scan(_ scan: ScanRequest, _ input: Span<UInt8>) -> HostResult {
        let prefix = input.extracting(scan.prefix)
        let options = connection.plugin.options
        let usualPayload = min(options.scanBytes, clientMaximumPayload)
        guard var memory = connection.reserve(WireLimits.headerBytes + usualPayload) else { return connection.giveUp() }
        var writer = ScanAnswerWriter(
            limit: min(scan.limit, options.scanLimit), maximumPayload: UInt32(clamping: clientMaximumPayload))
        let startAfter = input.bytes.extracting(scan.startAfter)
        let more = connection.withStore { store in
            store.scan(prefix: prefix.bytes, startAfter: startAfter, now: { now() }) { key, value in
                var output = memory.mutableBytes
                if writer.append(key: key, value: value, into: &output) { return true }
                guard writer.count == 0, let larger = reserve(key, value) else { return false }
                memory = larger
                output = larger.mutableBytes
                return writer.append(key: key, value: value, into: &output)
            }
        }
        return finish(writer, more, memory, prefix)
    }

    /// Memory for an answer with this one entry; nil: the answer would be larger than the client accepts.
    private func reserve(_ key: RawSpan, _ value: RawSpan) -> UnsafeMutableRawBufferPointer? {
        let byteCount = ScanAnswerWriter.answerBytes(keyBytes: key.byteCount, valueBytes: value.byteCount)
        guard byteCount - WireLimits.headerBytes <= clientMaximumPayload else { return nil }
        return connection.reserve(byteCount)
    }

    /// Computes the checks after the store is unlocked.
    func finish(
        _ writer: consuming ScanAnswerWriter, _ more: Bool, _ memory: UnsafeMutableRawBufferPointer,
        _ prefix: Span<UInt8>
    ) -> HostResult {
        guard writer.count > 0 || !more else { return fail(.answerTooLarge, .scan, prefix) }
        var output = memory.mutableBytes
        guard case .written(let byteCount) = writer.finish(more: more, requestID: requestID, into: &output) else {
            return connection.giveUp()
        }
        let result = connection.commit(byteCount)
        count(.scan, prefix, byteCount)
        return result
    }
}
