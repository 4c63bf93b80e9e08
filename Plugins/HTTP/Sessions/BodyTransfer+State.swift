import HTTPWire
import MartletKit

/// Reads numbers in the order in which they were saved, little-endian. It copies the state, which is fast enough: a session
/// moves once per reload.
struct SavedFields {
    private let bytes: [UInt8]
    private var offset = 0

    init(_ state: RawSpan) { bytes = state.withUnsafeBytes { Array($0) } }

    var isAtEnd: Bool { offset == bytes.count }

    mutating func next<Value: FixedWidthInteger>(_: Value.Type) -> Value? {
        let size = MemoryLayout<Value>.size
        guard bytes.count - offset >= size else { return nil }
        defer { offset += size }
        return bytes[offset..<offset + size].reversed().reduce(Value(0)) { $0 << 8 | Value(truncatingIfNeeded: $1) }
    }

    var rest: ArraySlice<UInt8> { bytes[offset...] }
}

extension BodyReader {
    var canBeSaved: Bool {
        if case .chunked(let decoder) = self { decoder.saved != nil } else { true }
    }
}

extension BodyTransfer {
    func save(into state: inout SavedState) {
        state.append(purpose.rawValue)
        state.append(method.rawValue)
        state.append(version.rawValue)
        state.append(UInt8((keepsAlive ? 1 : 0) | (headIsSent ? 2 : 0) | (isDone ? 4 : 0)))
        state.append(UInt64(bytesSent))
        state.append(started)
        switch reader {
        case .length(let remaining):
            state.append(UInt8(0))
            state.append(remaining)
        case .chunked(let decoder):
            guard let saved = decoder.saved else { return }
            state.append(UInt8(1))
            state.append(saved.phase)
            state.append(saved.sizeDigits)
            state.append(saved.remaining)
            state.append(saved.extensionBytes)
            state.append(saved.contentBytes)
        }
    }

    init?(restoring fields: inout SavedFields) {
        guard let purpose = fields.next(UInt8.self).flatMap(Purpose.init(rawValue:)),
            let method = fields.next(UInt8.self).flatMap(RequestMethod.init(rawValue:)),
            let version = fields.next(UInt8.self).flatMap(RequestHead.Version.init(rawValue:)),
            let flags = fields.next(UInt8.self), let bytesSent = fields.next(UInt64.self),
            let started = fields.next(UInt64.self), let reader = BodyReader(restoring: &fields)
        else { return nil }
        self.init(
            reader: reader, purpose: purpose, method: method, version: version, keepsAlive: flags & 1 != 0,
            headIsSent: flags & 2 != 0, isDone: flags & 4 != 0, bytesSent: Int(clamping: bytesSent), started: started)
    }
}

extension BodyReader {
    fileprivate init?(restoring fields: inout SavedFields) {
        switch fields.next(UInt8.self) {
        case 0:
            guard let remaining = fields.next(UInt64.self) else { return nil }
            self = .length(remaining)
        case 1:
            guard let phase = fields.next(UInt8.self), let digits = fields.next(UInt8.self),
                let remaining = fields.next(UInt64.self), let extensionBytes = fields.next(UInt32.self),
                let contentBytes = fields.next(UInt64.self),
                let decoder = ChunkedDecoder(
                    restoring: ChunkedDecoder.Saved(
                        phase: phase, sizeDigits: digits, remaining: remaining, extensionBytes: extensionBytes,
                        contentBytes: contentBytes))
            else { return nil }
            self = .chunked(decoder)
        default: return nil
        }
    }
}
