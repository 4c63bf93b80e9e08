import BinaryWire
import KeyValueStore
import MartletKit

/// What came of a request that changes keys, wherever they are kept: in memory at once, or elsewhere and later. `Exchange.send` makes the
/// frame of it. Values and pages of a scan are not copied into results: see `ValueAnswer` and `ScanAnswerWriter`.
enum StoreResult {
    case put(created: Bool)
    case delete(existed: Bool)
    case write(WriteAnswer)
    /// The version after each write; 0 after a delete.
    case batch(versions: [UInt64])
    case batchNotMet(index: Int, version: UInt64)
    case failed(ErrorCode)
}

extension StoreResult {
    init(_ outcome: WriteOutcome) {
        self =
            switch outcome {
            case .done(let existed, let version):
                .write(WriteAnswer(isDone: true, existed: existed, version: version))
            case .notMet(let version): .write(WriteAnswer(isDone: false, existed: version > 0, version: version))
            case .full: .failed(.storeFull)
            case .noMemory: .failed(.internalError)
            }
    }

    init(_ outcome: BatchOutcome) {
        self =
            switch outcome {
            case .done(let versions): .batch(versions: versions)
            case .notMet(let index, let version): .batchNotMet(index: index, version: version)
            case .full: .failed(.storeFull)
            case .noMemory: .failed(.internalError)
            }
    }
}

extension Exchange {
    /// - Parameters:
    ///   - opcode: of the request.
    ///   - target: its key; none for a batch.
    @inline(__always)
    func send(_ result: StoreResult, _ opcode: Opcode, _ target: Span<UInt8>) -> HostResult {
        switch result {
        case .put(let created):
            return send(opcode, target, WireLimits.headerBytes + 4) {
                FrameEncoder.putAnswer(created: created, requestID: requestID, into: &$0)
            }
        case .delete(let existed):
            return send(opcode, target, WireLimits.headerBytes + 4) {
                FrameEncoder.deleteAnswer(existed: existed, requestID: requestID, into: &$0)
            }
        case .write(let answer):
            return send(opcode, target, WireLimits.headerBytes + 16) {
                FrameEncoder.writeAnswer(answer, requestID: requestID, into: &$0)
            }
        case .batch(let versions):
            return send(opcode, target, WireLimits.headerBytes + 8 + 8 * versions.count) {
                FrameEncoder.batchAnswer(versions: versions.span, requestID: requestID, into: &$0)
            }
        case .batchNotMet(let index, let version):
            return send(opcode, target, WireLimits.headerBytes + 16) {
                FrameEncoder.batchAnswerNotMet(index: index, version: version, requestID: requestID, into: &$0)
            }
        case .failed(let code): return fail(code, opcode, target)
        }
    }
}
