/// Bytes that the output of many connections shares. The last one frees them.
package final class SharedBytes: @unchecked Sendable {
    let base: UnsafeMutableRawPointer
    let count: Int
    private let memory: Quota
    private let arena: Arena

    /// A copy. nil: there is no memory.
    package init?(copying bytes: UnsafeRawBufferPointer, memory: Quota, arena: Arena) {
        guard memory.take(bytes.count) else { return nil }
        guard let copy = Kernel.allocate(max(bytes.count, Arena.unit), in: arena) else {
            memory.give(bytes.count)
            return nil
        }
        if let start = bytes.baseAddress { copy.copyMemory(from: start, byteCount: bytes.count) }
        base = copy
        count = bytes.count
        self.memory = memory
        self.arena = arena
        arena.note(copy, isOf: Arena.sharedOwner)
    }

    deinit {
        arena.free(base, max(count, Arena.unit))
        memory.give(count)
    }
}
