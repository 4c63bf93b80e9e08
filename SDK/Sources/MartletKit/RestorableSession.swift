import CMartlet

/// A session that can continue in another generation of its plugin while its peer stays connected: `martlet.session-state/1`.
///
/// Unconsumed input, queued output, the timer and the limits stay with the host. The session saves only its own state, in a format with a
/// name and a version, so that newer and older generations can declare which versions they restore.
public protocol RestorableSession: Session {
    /// The name and versions of the saved state.
    static var stateSchema: StateSchema { get }

    /// When the host saves the session for the case that the process dies. Its successor restores it from what was saved last.
    static var checkpoints: Checkpoints { get }

    /// Writes the state of the session. The session itself stays as it is: it continues here if the other side refuses. The host may call
    /// this twice, the second time with more room. Must not write to the peer. [loop]
    func save(into state: inout SavedState) -> SaveOutcome

    /// Creates a session from state that `save` wrote under a version that the schema restores. nil: it cannot be restored, and stays
    /// where it was. Must not write or close. `state` belongs to the host, and is valid until this returns. [loop]
    init?(restoring state: RawSpan, version: UInt32, on connection: Connection<Plugin>)

    /// The last call in this generation: the connection continues in another one, which has restored the session. It is released
    /// afterwards. `closed` follows there, not here. Must not write or close. A session that comes back for a completion is restored
    /// here again, and leaves with another `moved`. [loop]
    mutating func moved(_ connection: Connection<Plugin>)
}

extension RestorableSession {
    public mutating func moved(_ connection: Connection<Plugin>) {}
    public static var checkpoints: Checkpoints { .never }
}

/// When the host saves a session for the case that the process dies: before the output of the callback is sent. A session for which `save`
/// does not return `.saved` is lost until it does.
public enum Checkpoints: Sendable {
    /// The connection is closed when the process dies.
    case never
    /// When it has begun or has been restored, and after each callback in which the session has called `Connection.checkpoint`.
    case whenAsked
    /// After every callback.
    case always
}

extension Connection where P.Session: RestorableSession {
    /// The session has changed, so the host has to save it again: `RestorableSession.checkpoints`. [loop]
    @discardableResult
    public func checkpoint() -> HostResult {
        guard let functions = services.checkpoints else { return .unsupported }
        return HostResult(rawValue: functions.pointee.checkpoint(handle))
    }
}

/// The name and versions of a saved format.
public struct StateSchema: Sendable {
    /// Such as `echo.session`.
    public var name: String
    /// The version that `save` writes.
    public var version: UInt32
    /// The versions that can be restored.
    public var restores: ClosedRange<UInt32>

    /// - Parameters:
    ///   - name: such as `echo.session`; sessions do not move between generations with different names.
    ///   - version: the version that `save` writes.
    ///   - restores: the versions that can be restored.
    public init(_ name: String, version: UInt32, restores: ClosedRange<UInt32>) {
        self.name = name
        self.version = version
        self.restores = restores
    }
}

/// The result of `save`.
public enum SaveOutcome: Sendable {
    /// The whole state was appended.
    case saved
    /// Ask again after the next callback: work is pending, or an answer is incomplete.
    case notNow
    /// This session cannot move.
    case never
}

/// The buffer into which a session writes its state. It also counts bytes that do not fit, so that the host can call again with more room.
public struct SavedState: ~Copyable {
    private let buffer: UnsafeMutableRawBufferPointer
    /// The number of bytes that were appended, including those that did not fit.
    public private(set) var count = 0

    init(_ buffer: UnsafeMutableRawBufferPointer) { self.buffer = buffer }

    /// Appends a number, little-endian.
    public mutating func append(_ value: some FixedWidthInteger) {
        withUnsafeBytes(of: value.littleEndian) { append($0) }
    }

    /// Appends a text: its length in bytes as a `UInt32`, then its UTF-8.
    public mutating func append(_ text: String) {
        var text = text
        text.withUTF8 {
            append(UInt32($0.count))
            append(UnsafeRawBufferPointer($0))
        }
    }

    /// Appends bytes as they are, without a length.
    public mutating func append(_ bytes: RawSpan) { bytes.withUnsafeBytes { append($0) } }

    private mutating func append(_ bytes: UnsafeRawBufferPointer) {
        if bytes.count <= buffer.count - count, let base = buffer.baseAddress, let source = bytes.baseAddress {
            (base + count).copyMemory(from: source, byteCount: bytes.count)
        }
        count += bytes.count
    }
}
