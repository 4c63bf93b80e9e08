import Testing

@testable import Engine

@Suite struct ConnectionPoolTests {
    /// A pool needs pointers to write into its slots; it never dereferences them.
    private func withPointers(_ body: (CallbackContextPointer, BindingPointer) throws -> Void) rethrows {
        let context = CallbackContextPointer.allocate(capacity: 1)
        let binding = BindingPointer.allocate(capacity: 1)
        defer {
            context.deallocate()
            binding.deallocate()
        }
        try body(context, binding)
    }

    private func take(
        _ pool: inout ConnectionPool, _ context: CallbackContextPointer, _ binding: BindingPointer
    ) throws -> ConnectionPointer {
        let taken = pool.take(context: context, binding: binding)
        return try #require(taken)
    }

    @Test func growsByAChunkAndKeepsPointersValid() throws {
        try withPointers { context, binding in
            var pool = ConnectionPool(loop: 0, directory: SlotDirectory(arena: try Arena(isInFile: false)))
            var taken: [ConnectionPointer] = []
            for index in 0..<1_000 {
                let connection = try take(&pool, context, binding)
                #expect(connection.pointee.index == UInt32(index))
                taken.append(connection)
            }
            let (count, capacity) = (pool.count, pool.capacity)
            #expect(count == 1_000)
            #expect(capacity == 1_024)
            for (index, connection) in taken.enumerated() {
                let found = pool.pointer(UInt32(index))
                #expect(found == connection)
            }
        }
    }

    @Test func aReusedSlotHasAnotherID() throws {
        try withPointers { context, binding in
            var pool = ConnectionPool(loop: 0, directory: SlotDirectory(arena: try Arena(isInFile: false)))
            let first = try take(&pool, context, binding)
            let generation = first.pointee.generation
            first.pointee.state.take(.accepted)
            first.pointee.state.take(.opened)
            let id = ConnectionID(generation: generation, slot: first.links.pointee.number)
            let found = pool.find(id)
            #expect(found == first)
            pool.give(first)
            let gone = pool.find(id)
            #expect(gone == nil)
            let second = try take(&pool, context, binding)
            second.pointee.state.take(.accepted)
            second.pointee.state.take(.opened)
            #expect(second == first)
            #expect(second.pointee.generation == generation + 1)
            let stale = pool.find(id)
            #expect(stale == nil)
        }
    }

    @Test func theGenerationSkipsZeroWhenItWrapsAround() throws {
        try withPointers { context, binding in
            var pool = ConnectionPool(loop: 0, directory: SlotDirectory(arena: try Arena(isInFile: false)))
            let first = try take(&pool, context, binding)
            first.pointee.generation = .max
            pool.give(first)
            let second = try take(&pool, context, binding)
            #expect(second.pointee.generation == 1)
        }
    }

    @Test func anIDWithoutASlotIsNotFound() throws {
        let pool = ConnectionPool(loop: 0, directory: SlotDirectory(arena: try Arena(isInFile: false)))
        for value in [0, UInt64.max] {
            let found = pool.find(ConnectionID(rawValue: value))
            #expect(found == nil)
        }
    }

    @Test func aSlotIsSmall() {
        #expect(SlotChunk.size <= 352 * SlotChunk.slotCount)
    }

    /// The links of a slot, and its number, follow from its address.
    @Test func eachSlotHasItsOwnLinksAndNumber() throws {
        try withPointers { context, binding in
            let directory = SlotDirectory(arena: try Arena(isInFile: false))
            var one = ConnectionPool(loop: 0, directory: directory)
            var other = ConnectionPool(loop: 7, directory: directory)
            var (numbers, links): (Set<UInt32>, Set<UInt>) = ([], [])
            for index in 0..<600 {
                for loop in [0, 7] {
                    let slot = try loop == 0 ? take(&one, context, binding) : take(&other, context, binding)
                    #expect(slot.pointee.index == UInt32(index))
                    let number = slot.links.pointee.number
                    numbers.insert(number)
                    links.insert(UInt(bitPattern: slot.links))
                    #expect(directory.slot(number) == slot)
                    #expect(directory.loop(of: number) == loop)
                }
            }
            #expect(numbers.count == 1_200)
            #expect(links.count == 1_200)
            #expect(directory.loop(of: .max) == nil)
            #expect(directory.loop(of: 100_000) == nil)
        }
    }

    /// Another loop's pool does not find a connection.
    @Test func anIDIsFoundOnItsLoopOnly() throws {
        try withPointers { context, binding in
            let directory = SlotDirectory(arena: try Arena(isInFile: false))
            var pool = ConnectionPool(loop: 1, directory: directory)
            let other = ConnectionPool(loop: 2, directory: directory)
            let slot = try take(&pool, context, binding)
            slot.pointee.state.take(.accepted)
            slot.pointee.state.take(.opened)
            let (here, there) = (pool.find(slot.id), other.find(slot.id))
            #expect(here == slot)
            #expect(there == nil)
        }
    }
}
