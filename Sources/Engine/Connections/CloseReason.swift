import CMartlet

/// Why a connection ended: `martlet_close_reason`.
package struct CloseReason: Hashable, Sendable {
    /// One byte of the slot; the constants of `martlet.h` fit into it.
    package let rawValue: UInt8

    package init(_ reason: martlet_close_reason) { rawValue = UInt8(reason) }

    package static let plugin = CloseReason(MARTLET_CLOSED_BY_PLUGIN)
    package static let peer = CloseReason(MARTLET_CLOSED_BY_PEER)
    package static let reset = CloseReason(MARTLET_CLOSED_RESET)
    package static let idleTimeout = CloseReason(MARTLET_CLOSED_IDLE_TIMEOUT)
    package static let writeTimeout = CloseReason(MARTLET_CLOSED_WRITE_TIMEOUT)
    package static let inputLimit = CloseReason(MARTLET_CLOSED_INPUT_LIMIT)
    package static let fault = CloseReason(MARTLET_CLOSED_FAULT)
    package static let shutdown = CloseReason(MARTLET_CLOSED_SHUTDOWN)
    package static let noMemory = CloseReason(MARTLET_CLOSED_NO_MEMORY)
    package static let handshake = CloseReason(MARTLET_CLOSED_HANDSHAKE)
    package static let firstByteTimeout = CloseReason(MARTLET_CLOSED_FIRST_BYTE)
    package static let requestTimeout = CloseReason(MARTLET_CLOSED_REQUEST_TIMEOUT)
    package static let lifetime = CloseReason(MARTLET_CLOSED_LIFETIME)
    package static let requestRate = CloseReason(MARTLET_CLOSED_REQUEST_RATE)
    package static let peerError = CloseReason(MARTLET_CLOSED_PEER_ERROR)
    package static let failed = CloseReason(MARTLET_CLOSED_FAILED)
    package static let handedOver = CloseReason(MARTLET_CLOSED_HANDED_OVER)
    package static let backlog = CloseReason(MARTLET_CLOSED_BACKLOG)

    /// The reason when a plugin gives a connection up.
    ///
    /// - Parameter result: what the plugin returned or passed to `abort`; above 0 is success.
    init(givenUpWith result: martlet_result) {
        switch result {
        case MARTLET_OK...: self = .plugin
        case MARTLET_ERROR_PEER: self = .peerError
        default: self = .failed
        }
    }

    /// The limit that was reached, if any.
    var limit: Limit? {
        switch self {
        case .idleTimeout: .idleTimeout
        case .writeTimeout: .writeTimeout
        case .inputLimit: .maximumInput
        case .firstByteTimeout: .firstByteTimeout
        case .requestTimeout: .requestTimeout
        case .noMemory: .bufferMemory
        // The others are no limits, or are counted where they are detected.
        default: nil
        }
    }
}
