import CMartlet

/// Why a connection ended: `martlet_close_reason`.
package enum CloseReason: UInt8, Sendable, CaseIterable {
    case plugin = 1
    case peer = 2
    case reset = 3
    case idleTimeout = 4
    case writeTimeout = 5
    case inputLimit = 6
    case fault = 7
    case shutdown = 8
    case noMemory = 9
    case handshake = 10
    case firstByteTimeout = 11
    case requestTimeout = 12
    case lifetime = 13
    case requestRate = 14
    /// The plugin reported that the peer misbehaved.
    case peerError = 15
    /// The plugin reported that it failed.
    case failed = 16
    case handedOver = 17

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
        case .plugin, .peer, .reset, .fault, .shutdown, .peerError, .failed, .handedOver: nil
        // Counted where they are detected.
        case .handshake, .lifetime, .requestRate: nil
        }
    }
}
