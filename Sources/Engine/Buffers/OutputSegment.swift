/// One piece of output that waits for its peer: copied bytes, bytes that the plugin lent, or a part of a file.
struct OutputSegment {
    enum Kind: UInt8 { case copied, shared, file }

    var next: UnsafeMutablePointer<OutputSegment>?
    var kind: Kind
    var file: Int32 = -1
    /// Bytes not sent yet.
    var remaining: Int
    /// Copied, shared: where the unsent bytes begin.
    var position: UnsafeMutableRawPointer?
    /// File: offset of the unsent bytes.
    var offset: UInt64 = 0
    /// Copied: the pooled memory.
    var buffer: Buffer?
    /// Where the block of the arena begins that has the bytes; nil: they are elsewhere.
    var block: UnsafeMutableRawPointer?
    /// Shared, file: the instance that lent them, which lives until they are returned. nil: the bytes are the host's.
    var lender: BindingPointer?
    /// Shared, file: called once, when the bytes are no longer needed. nil: constant memory of the plugin's image.
    var release: ReleaseFunction?
    var context: UnsafeMutableRawPointer?
    /// The id of the connection.
    var owner: UInt64 = 0
    /// Over what says where the unsent bytes are.
    var seal: UInt64 = 0

    var expectedSeal: UInt64 {
        Remains(
            next: 0, kind: kind, file: file, remaining: remaining, position: UInt64(UInt(bitPattern: position)),
            offset: offset, block: UInt64(UInt(bitPattern: block)), owner: owner
        ).expectedSeal
    }

    /// What the successor of a process reads of a segment. Addresses are those of the dead process.
    struct Remains {
        var next: UInt64
        var kind: Kind
        var file: Int32
        var remaining: Int
        var position: UInt64
        var offset: UInt64
        var block: UInt64
        var owner: UInt64

        @inline(__always)
        var expectedSeal: UInt64 {
            sealOver(
                owner ^ UInt64(kind.rawValue) << 32 ^ UInt64(UInt32(bitPattern: file)), position,
                UInt64(bitPattern: Int64(remaining)), offset &* 31 ^ block)
        }
    }
}

extension OutputSegment.Remains {
    /// A copy of what is there. nil: it is no segment, or damaged.
    init?(checking bytes: UnsafeRawPointer) {
        func word<Value: BitwiseCopyable>(_ path: PartialKeyPath<OutputSegment>, _ type: Value.Type) -> Value {
            bytes.loadUnaligned(fromByteOffset: MemoryLayout<OutputSegment>.offset(of: path)!, as: type)
        }
        guard let kind = OutputSegment.Kind(rawValue: word(\.kind, UInt8.self)) else { return nil }
        self.init(
            next: word(\.next, UInt64.self), kind: kind, file: word(\.file, Int32.self),
            remaining: word(\.remaining, Int.self), position: word(\.position, UInt64.self),
            offset: word(\.offset, UInt64.self), block: word(\.block, UInt64.self), owner: word(\.owner, UInt64.self))
        guard word(\.seal, UInt64.self) == expectedSeal else { return nil }
    }
}

package typealias ReleaseFunction = @convention(c) (UnsafeMutableRawPointer?) -> Void
