import Engine
import Glibc
import HostInterface
import Instances
import Threads

/// The connections of a runtime in another process.
extension EngineRuntime {
    /// How long the keepers may take.
    private static let keeperMilliseconds: UInt64 = 10_000

    package func inherit(
        arena: Int32, published: Int32, keepers: Int32, isAlive: Bool, hasOffered: Bool
    ) throws(InheritanceProblem) -> Inheritance {
        do throws(SystemError) {
            let pages: PublishedPages
            do throws(SystemError) {
                pages = try PublishedPages(reading: published)
            } catch {
                close(arena)
                throw error
            }
            return try inherit(try Estate(file: arena, pages, isAlive: isAlive, hasOffered: hasOffered), pages, keepers)
        } catch {
            throw InheritanceProblem(text: error.description)
        }
    }

    private func inherit(
        _ estate: Estate, _ pages: PublishedPages, _ keepers: Int32
    ) throws(SystemError) -> Inheritance {
        let contents = estate.chunks.map { ($0, estate.content(of: $0)) }
        let all = contents.flatMap { $0.1.remains }
        var kept = try KeptDescriptors(
            Set(all.flatMap(\.descriptors)), from: keepers, by: .after(milliseconds: Self.keeperMilliseconds))
        for remains in all { kept.check(remains.socket) }
        var inheritance = Inheritance(succession: Succession())
        if !estate.isAlive {
            // Each loop may have been accepting one.
            let missing = pages.connectionCount - contents.reduce(0) { $0 + $1.1.count }
            if missing > 0 {
                inheritance.succession.lose(missing <= pages.loops.count ? .busy : .damaged, count: missing)
            }
        }
        let isAlive = estate.isAlive
        for (chunk, content) in contents {
            nonisolated(unsafe) let content = content
            let wanted = content.remains.flatMap(\.descriptors)
            let given = kept.take(wanted)
            let answer = engine.loops[chunk.loop % engine.loops.count].order { core in
                var left = given
                let result = core.settle(chunk, content, isAlive: isAlive, &left)
                return (result, left)
            }
            guard let answer else { throw SystemError("settle", "a loop does not turn", errno: ETIMEDOUT) }
            for number in given.keys where answer.1[number] == nil { kept.remove(number) }
            inheritance.succession = inheritance.succession + answer.0.succession
            inheritance.taken.formUnion(answer.0.taken)
        }
        inheritance.keepers = Array(kept.keepers)
        return inheritance
    }

    /// The control side of its process has it.
    package var estate: (any RuntimeEstate)? { nil }

    /// How long busy connections are waited for, and how long the other process may take. Milliseconds.
    private static let (patience, standing): (UInt64, UInt64) = (20, 2_000)

    package func standStill() -> Bool {
        let still = EngineStandstill(engine)
        standstill.withLock { $0 = still }
        if still.begin(patience: Self.patience, standing: Self.standing) { return true }
        standstill.withLock { $0 = nil }
        return false
    }

    package func goOn(without taken: SlotSet?) -> Bool {
        let still = standstill.withLock { still in
            defer { still = nil }
            return still
        }
        return still?.goOn(without: taken) ?? false
    }

    /// The control side of its process does that.
    package func lookAtKeepers() -> Bool { true }

    package func endSuccession(stays: Bool) -> Succession {
        engine.loops.reduce(Succession()) { sum, loop in
            sum
                + loop.scan(Succession()) { core, piece, lost in
                    let result = core.endLimbo(stays: stays, piece: piece)
                    lost = lost + result.0
                    return result.next
                }.sum
        }
    }

    package var arenaFile: Int32 { engine.arena.descriptor }
}
