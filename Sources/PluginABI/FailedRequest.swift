import CMartlet

extension martlet_request {
    /// Reads a plugin's report of a request; nil: its struct is smaller than in ABI 1.0.
    @usableFromInline
    package init?(_ pointer: UnsafePointer<martlet_request>) {
        guard _fastPath(pointer.pointee.size == UInt32(MemoryLayout<martlet_request>.size)) else {
            guard let read = martlet_request.read(pointer) else { return nil }
            self = read
            return
        }
        self = pointer.pointee
    }

    /// Whether the plugin failed at a request that it reports; nil: its struct is smaller than in ABI 1.0. Copies nothing when both
    /// sides have the same version.
    @inlinable
    package static func isFailed(_ pointer: UnsafePointer<martlet_request>) -> Bool? {
        if _fastPath(pointer.pointee.size == UInt32(MemoryLayout<martlet_request>.size)) {
            return pointer.pointee.isFailed
        }
        return martlet_request(pointer)?.isFailed
    }

    /// Whether the plugin failed at the request.
    ///
    /// 501 and 505 are not failures, although they are 5xx: like a 4xx they tell the peer what is wrong with its request, and a
    /// peer could end a trial by sending enough such requests.
    @inlinable
    package var isFailed: Bool {
        switch status {
        case 500, 502...504: true
        default: flags & MARTLET_REQUEST_FAILED != 0
        }
    }
}
