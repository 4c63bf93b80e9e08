/// Why a piece cannot be restored.
package enum PieceError: Error, Equatable, Sendable {
    case tooShort(bytes: Int)
    case notAPiece
    case unknownVersion(Int)
    case malformed(StaticString, offset: Int)
    case outOfOrder(piece: Int, expected: Int)
    case otherOrder
    /// Something is in the store already.
    case notEmpty
    /// The state has more than the store may have.
    case tooLarge(bytes: UInt64, limit: Int)
    case noMemory
    /// `finishRestoring`: pieces are missing.
    case incomplete(keys: Int, expected: UInt64)

    package static func == (left: PieceError, right: PieceError) -> Bool { "\(left)" == "\(right)" }
}

extension PieceError: CustomStringConvertible {
    package var description: String {
        switch self {
        case .tooShort(let bytes): "a piece of \(bytes) bytes: at least \(PieceHead.bytes) are needed"
        case .notAPiece: "not a piece of a store"
        case .unknownVersion(let version):
            "a piece of version \(version); known: \(PieceHead.plainVersion) and \(PieceHead.versionedVersion)"
        case .malformed(let what, let offset): "\(what) at byte \(offset) of a piece"
        case .outOfOrder(let piece, let expected): "piece \(piece) came where piece \(expected) was expected"
        case .notEmpty: "the store has keys already"
        case .otherOrder: "a piece of a store in another order"
        case .tooLarge(let bytes, let limit): "a store of \(bytes) bytes; the limit of this one is \(limit)"
        case .noMemory: "no memory for the store"
        case .incomplete(let keys, let expected): "\(keys) keys of \(expected): pieces are missing"
        }
    }
}
