import CMartlet

/// A session that can go on in another generation of its plugin while its peer stays connected: `martlet.session-state/1`.
///
/// Unconsumed input, output that waits, the timer and the limits stay with the host. Only what the session itself knows is
/// saved, in a format with a name and a version, so that generations that are newer or older can say what they take.
public protocol RestorableSession: Session {
    /// The name and versions of what `save` writes.
    static var stateSchema: StateSchema { get }

    /// Writes what the session knows. Leaves the session as it is: it goes on here when the other side refuses. May be called
    /// twice, with more room. Must write nothing to the peer. [loop]
    func save(into state: inout SavedState) -> SaveOutcome

    /// Makes a session from what `save` wrote under a version that the schema takes. nil: it cannot be restored, and stays
    /// where it was. Must write nothing and close nothing. `state` is the host's, and valid until this returns. [loop]
    init?(restoring state: RawSpan, version: UInt32, on connection: Connection<Plugin>)
}

/// The name and versions of a saved format.
public struct StateSchema: Sendable {
    /// Such as `echo.session`.
    public var name: String
    /// Of what `save` writes.
    public var version: UInt32
    /// What can be restored.
    public var restores: ClosedRange<UInt32>

    /// - Parameters:
    ///   - name: such as `echo.session`; generations with another name exchange no sessions.
    ///   - version: of what `save` writes.
    ///   - restores: what can be restored.
    public init(_ name: String, version: UInt32, restores: ClosedRange<UInt32>) {
        self.name = name
        self.version = version
        self.restores = restores
    }
}

/// What `save` came to.
public enum SaveOutcome: Sendable {
    /// All of it was appended.
    case saved
    /// Ask again after the next callback: work is out, or an answer is half made.
    case notNow
    /// This session cannot move.
    case never
}

/// Where a session writes its state. Counts what does not fit, so that the host can come again with more room.
public struct SavedState: ~Copyable {
    private let buffer: UnsafeMutableRawBufferPointer
    /// Bytes that were appended, whether they fitted or not.
    public private(set) var count = 0

    init(_ buffer: UnsafeMutableRawBufferPointer) { self.buffer = buffer }

    /// Appends a number, little-endian.
    public mutating func append(_ value: some FixedWidthInteger) {
        withUnsafeBytes(of: value.littleEndian) { append($0) }
    }

    /// Appends bytes as they are, without their number.
    public mutating func append(_ bytes: RawSpan) { bytes.withUnsafeBytes { append($0) } }

    private mutating func append(_ bytes: UnsafeRawBufferPointer) {
        if bytes.count <= buffer.count - count, let base = buffer.baseAddress, let source = bytes.baseAddress {
            (base + count).copyMemory(from: source, byteCount: bytes.count)
        }
        count += bytes.count
    }
}
