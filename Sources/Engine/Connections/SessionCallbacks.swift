/// The functions of a plugin that the hot path calls, in the shapes of `martlet.h`.
///
/// A table of C function pointers costs no retain or release, and a call is one indirect jump.
package struct SessionCallbacks: Sendable {
    package typealias State = UnsafeMutableRawPointer?
    package typealias Handle = OpaquePointer?

    package var opened: @convention(c) (State, State, Handle, UnsafeMutablePointer<UnsafeMutableRawPointer?>?) -> Int32
    package var received: @convention(c) (State, Handle, UnsafePointer<UInt8>?, Int) -> Int64
    package var writable: (@convention(c) (State, Handle) -> Void)?
    package var timer: (@convention(c) (State, Handle) -> Void)?
    package var peerClosed: (@convention(c) (State, Handle) -> Void)?
    package var draining: (@convention(c) (State, Handle) -> Void)?
    package var closed: @convention(c) (State, Handle, UInt32) -> Void
    /// Set when the plugin's sessions can move to another generation.
    package var migration: MigrationCallbacks?
    package var loopStart: (@convention(c) (State, UInt32, UnsafeMutablePointer<UnsafeMutableRawPointer?>?) -> Int32)?
    package var loopStop: (@convention(c) (State, UInt32, State) -> Void)?

    package init(
        opened:
            @escaping @convention(c) (State, State, Handle, UnsafeMutablePointer<UnsafeMutableRawPointer?>?) -> Int32,
        received: @escaping @convention(c) (State, Handle, UnsafePointer<UInt8>?, Int) -> Int64,
        closed: @escaping @convention(c) (State, Handle, UInt32) -> Void
    ) {
        self.opened = opened
        self.received = received
        self.closed = closed
    }
}

/// The functions of `martlet_session_state`.
package struct MigrationCallbacks: Sendable {
    package typealias State = SessionCallbacks.State
    package typealias Handle = SessionCallbacks.Handle

    package let schema: MigrationSchema
    package let save: @convention(c) (State, Handle, UnsafeMutablePointer<UInt8>?, Int) -> Int64
    package let restore:
        @convention(c) (
            State, State, Handle, UInt32, UnsafePointer<UInt8>?, Int, UnsafeMutablePointer<UnsafeMutableRawPointer?>?
        ) -> Int32
    package let moved: @convention(c) (State, Handle) -> Void

    package init(
        schema: MigrationSchema,
        save: @escaping @convention(c) (State, Handle, UnsafeMutablePointer<UInt8>?, Int) -> Int64,
        restore:
            @escaping @convention(c) (
                State, State, Handle, UInt32, UnsafePointer<UInt8>?, Int,
                UnsafeMutablePointer<UnsafeMutableRawPointer?>?
            ) -> Int32,
        moved: @escaping @convention(c) (State, Handle) -> Void
    ) {
        self.schema = schema
        self.save = save
        self.restore = restore
        self.moved = moved
    }

    /// Whether sessions that `self` saves can be restored by the other side, which may be older or newer.
    package func fits(_ other: MigrationCallbacks) -> Bool { schema.fits(other.schema) }
}

/// Under which name and versions a plugin saves and restores its sessions.
package struct MigrationSchema: Sendable, Equatable {
    package let name: String
    /// Of what it saves.
    package let version: UInt32
    /// What it restores.
    package let restores: ClosedRange<UInt32>

    package init(name: String, version: UInt32, restores: ClosedRange<UInt32>) {
        self.name = name
        self.version = version
        self.restores = restores
    }

    func fits(_ other: MigrationSchema) -> Bool { name == other.name && other.restores.contains(version) }
}

/// A function that a plugin wants run on the loop of one of its connections: `martlet_delivery`.
package typealias DeliveryFunction =
    @convention(c) (UnsafeMutableRawPointer?, OpaquePointer?, UnsafeMutableRawPointer?) -> Void

/// A function that a plugin wants run on a worker: `martlet_work`.
package typealias WorkFunction = @convention(c) (UnsafeMutableRawPointer?) -> Void

/// What the host's functions return: `martlet_result`.
package enum HostResult {
    package static let ok: Int32 = 0
    package static let full: Int32 = 1
    package static let closed: Int32 = -1
    package static let argument: Int32 = -2
    package static let memory: Int32 = -3
    package static let busy: Int32 = -4
    package static let stopping: Int32 = -5
    package static let unsupported: Int32 = -6
}

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

    /// The limit that was reached, if it was one.
    var limit: Limit? {
        switch self {
        case .idleTimeout: .idleTimeout
        case .writeTimeout: .writeTimeout
        case .inputLimit: .maximumInput
        case .firstByteTimeout: .firstByteTimeout
        case .requestTimeout: .requestTimeout
        case .noMemory: .bufferMemory
        case .plugin, .peer, .reset, .fault, .shutdown: nil
        // Counted where they are noticed.
        case .handshake, .lifetime, .requestRate: nil
        }
    }
}
