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
    /// Shared, file: the instance that lent them, which lives until they are returned. nil: the bytes are the host's.
    var lender: BindingPointer?
    /// Shared, file: called once, when the bytes are no longer needed. nil: constant memory of the plugin's image.
    var release: ReleaseFunction?
    var context: UnsafeMutableRawPointer?
}

package typealias ReleaseFunction = @convention(c) (UnsafeMutableRawPointer?) -> Void
