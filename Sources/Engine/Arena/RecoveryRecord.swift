import CMartlet
import Glibc
import PluginABI
import Synchronization

/// What only the successor of this process needs of a connection, beside its slot. Lies in the same chunk.
struct RecoveryRecord {
    /// Where the state of the session is.
    enum Kept: UInt8 {
        /// Nowhere outside of the plugin.
        case nothing
        /// In the place of the session: it is plain.
        case session
        /// In a block of the arena: a plain session.
        case copy
        /// In a block of the arena, as `save` wrote it.
        case checkpoint
    }

    /// SO_COOKIE of its socket: names it in every process. 0: it has none.
    var cookie: UInt64 = 0
    /// A hash of the name of its listener.
    var listener: UInt64 = 0
    /// The number of its instance among those of its listener.
    var generation: UInt32 = 0
    /// Of the state that is kept: what `save` wrote has a version.
    var version: UInt32 = 0
    /// A hash of what the state means: the layout, or the schema.
    var form: UInt64 = 0
    /// The state is `keptCount` bytes, followed by the id of the connection at the next multiple of 8.
    var bytes: UnsafeMutableRawPointer?
    var keptCount: UInt32 = 0
    var kept = Kept.nothing
    /// Raw value of the `CallbackKind` for which a worker has the connection.
    var call: UInt8 = 0
    /// 1: that call has returned. Its worker writes this last.
    fileprivate var hasReturnedByte: UInt8 = 0
    /// 1: messages wait on the heap for its return.
    fileprivate var holdsMessagesByte: UInt8 = 0
    /// Completions of work that it waits for. Atomic: `awaited`.
    var awaitedCount: UInt32 = 0
    /// Bytes of input that the call has consumed; `.max`: it has failed.
    var consumed: UInt32 = 0
    /// The first of its groups.
    var memberships: UnsafeMutablePointer<KeptMembership>?
    /// The address that the peer connected to.
    var local = PeerAddress()
    /// Over the fields of the slot that say where unconsumed input is, while there is some.
    var inputSeal: UInt64 = 0

    /// The distance from kept bytes to the id that follows them.
    static func ownerOffset(_ count: Int) -> Int { (count + 7) & ~7 }

    init() {}

    var hasReturned: Bool { hasReturnedByte != 0 }
    var holdsMessages: Bool { holdsMessagesByte != 0 }

    /// A copy of a record that another process has written. nil: no process writes such a record.
    init?(checking bytes: UnsafeRawPointer) {
        let isValid = withUnsafeMutableBytes(of: &self) { copy in
            copy.copyMemory(from: UnsafeRawBufferPointer(start: bytes, count: copy.count))
            return Kept(rawValue: copy[MemoryLayout<RecoveryRecord>.offset(of: \.kept)!]) != nil
        }
        guard isValid else { return nil }
    }
}

/// Detects that somebody has overwritten one of these words.
@inline(__always)
func sealOver(_ one: UInt64, _ two: UInt64, _ three: UInt64, _ four: UInt64) -> UInt64 {
    (one &* 0x9E37_79B9_7F4A_7C15) ^ (two &* 0xC2B2_AE3D_27D4_EB4F) ^ (three &* 0x1656_67B1_9E37_79F9) ^ ~four
}

/// What names a socket in every process. getsockopt(2), SO_COOKIE
package func socketCookie(of descriptor: Int32) -> UInt64? {
    var (cookie, length) = (UInt64(0), socklen_t(MemoryLayout<UInt64>.size))
    return getsockopt(descriptor, SOL_SOCKET, SO_COOKIE, &cookie, &length) == 0 ? cookie : nil
}

extension ConnectionPointer {
    @inline(__always)
    var recovery: UnsafeMutablePointer<RecoveryRecord> { SlotChunk.recovery(of: self) }

    /// Completions of work that it waits for. Threads that submit work change it.
    var awaited: UnsafeMutablePointer<Atomic<UInt32>> {
        let offset = MemoryLayout<RecoveryRecord>.offset(of: \.awaitedCount)!
        return (UnsafeMutableRawPointer(recovery) + offset).assumingMemoryBound(to: Atomic<UInt32>.self)
    }

    // What follows is written while the connection is with a worker: by the worker or by the loop, each its own bytes.

    private func byte(_ path: KeyPath<RecoveryRecord, UInt8>) -> UnsafeMutablePointer<Atomic<UInt8>> {
        let offset = MemoryLayout<RecoveryRecord>.offset(of: path)!
        return (UnsafeMutableRawPointer(recovery) + offset).assumingMemoryBound(to: Atomic<UInt8>.self)
    }

    /// A worker gets the connection for this call.
    func noteCall(_ kind: CallbackKind) {
        recovery.pointee.call = kind.rawValue
        byte(\.hasReturnedByte).pointee.store(0, ordering: .relaxed)
        byte(\.holdsMessagesByte).pointee.store(0, ordering: .relaxed)
    }

    /// The call has returned, and its output is in the queue. On the worker.
    func noteReturn(_ result: SessionCallResult, of count: Int) {
        let isValid = result.status >= 0 && result.consumed >= 0 && result.consumed <= count
        let offset = MemoryLayout<RecoveryRecord>.offset(of: \.consumed)!
        (UnsafeMutableRawPointer(recovery) + offset).storeBytes(
            of: isValid ? UInt32(result.consumed) : .max, as: UInt32.self)
        byte(\.hasReturnedByte).pointee.store(1, ordering: .releasing)
    }

    /// Messages of its groups wait for its return.
    func noteHeldMessages() { byte(\.holdsMessagesByte).pointee.store(1, ordering: .relaxed) }

    /// A buffer has bytes of this connection from now on.
    func noteOwner(of buffer: Buffer) {
        links.pointee.context.pointee.buffers.note(buffer, isOf: id.rawValue)
    }

    /// Called when the place or the amount of unconsumed input has changed.
    @inline(__always)
    func sealInput() { recovery.pointee.inputSeal = inputSeal }

    var inputSeal: UInt64 {
        ConnectionSlot.inputSeal(
            id.rawValue, UInt64(UInt(bitPattern: links.pointee.input)), start: pointee.inputStart,
            count: pointee.inputCount, capacity: pointee.inputCapacity)
    }

    /// Notes the socket.
    func noteSocket() { recovery.pointee.cookie = socketCookie(of: pointee.descriptor) ?? 0 }

    /// Notes to which instance it belongs from now on.
    func noteInstance() {
        let binding = links.pointee.binding
        (recovery.pointee.listener, recovery.pointee.generation) = (binding.pointee.name, binding.pointee.generation)
    }

    /// Notes a session that has just begun, if the host can read it.
    @inline(__always)
    func noteSession() {
        let binding = links.pointee.binding
        guard binding.pointee.form != 0, let session = links.pointee.session else { return }
        recovery.pointee.bytes = session
        recovery.pointee.keptCount = UInt32(truncatingIfNeeded: binding.pointee.callbacks.layout.size)
        recovery.pointee.form = binding.pointee.form
        recovery.pointee.kept = .session
    }
}
