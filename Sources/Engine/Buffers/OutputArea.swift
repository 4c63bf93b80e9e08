import Glibc

/// Collects the output of the running callback. There is one per event loop and per worker; it is empty between callbacks.
struct OutputArea: ~Copyable {
    private static let usualCapacity = 64 << 10

    private(set) var base: UnsafeMutableRawPointer
    private(set) var capacity: Int
    var count = 0
    /// Bytes that the last `reserve` handed out; `commit` may take no more than these.
    var reserved = 0

    init() {
        capacity = Self.usualCapacity
        guard let memory = malloc(capacity) else { fatalError("no memory for the output area of an event loop") }
        base = memory
    }

    /// Makes room for `length` more bytes. False when there is no memory; nothing is lost then.
    @inline(__always)
    mutating func makeRoom(_ length: Int) -> Bool {
        if _fastPath(length <= capacity - count) { return true }
        return grow(length)
    }

    private mutating func grow(_ length: Int) -> Bool {
        var wanted = capacity
        while wanted - count < length { wanted *= 2 }
        guard let memory = realloc(base, wanted) else { return false }
        base = memory
        capacity = wanted
        return true
    }

    /// Empties the area, and shrinks it if a large answer made it grow.
    @inline(__always)
    mutating func reset() {
        count = 0
        reserved = 0
        if _slowPath(capacity > 4 * Self.usualCapacity) { shrink() }
    }

    private mutating func shrink() {
        guard let memory = realloc(base, Self.usualCapacity) else { return }
        base = memory
        capacity = Self.usualCapacity
    }

    deinit { free(base) }
}
