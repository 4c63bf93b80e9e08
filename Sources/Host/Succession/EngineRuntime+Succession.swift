import Engine
import Glibc
import HostInterface
import Instances
import Threads

/// The connections of a runtime that has died.
extension EngineRuntime {
    /// How long the keepers may take.
    private static let keeperMilliseconds: UInt64 = 10_000

    package func inherit(arena: Int32, published: Int32, keepers: Int32) throws(InheritanceProblem) -> Inheritance {
        do throws(SystemError) {
            let pages: PublishedPages
            do throws(SystemError) {
                pages = try PublishedPages(reading: published)
            } catch {
                close(arena)
                throw error
            }
            return try inherit(try Estate(file: arena, pages), keepers)
        } catch {
            throw InheritanceProblem(text: error.description)
        }
    }

    private func inherit(_ estate: Estate, _ keepers: Int32) throws(SystemError) -> Inheritance {
        let contents = estate.chunks.map { ($0, estate.content(of: $0)) }
        let all = contents.flatMap { $0.1.remains }
        var kept = try KeptDescriptors(
            Set(all.flatMap(\.descriptors)), from: keepers, by: .after(milliseconds: Self.keeperMilliseconds))
        for remains in all { kept.check(remains.socket) }
        var succession = Succession()
        for (chunk, content) in contents {
            nonisolated(unsafe) let content = content
            let wanted = content.remains.flatMap(\.descriptors)
            let given = kept.take(wanted)
            // The loop has nothing else to do yet.
            let answer = engine.loops[chunk.loop % engine.loops.count].order { core in
                var left = given
                let result = core.settle(chunk, content, &left)
                return (result, left)
            }
            guard let answer else { throw SystemError("settle", "a loop does not turn", errno: ETIMEDOUT) }
            for number in given.keys where answer.1[number] == nil { kept.remove(number) }
            succession = succession + answer.0
        }
        return Inheritance(succession: succession, keepers: Array(kept.keepers))
    }

    /// The control side of its process does that.
    package func lookAtKeepers() -> Bool { true }

    package func endSuccession() -> Succession {
        engine.loops.reduce(Succession()) { sum, loop in
            sum
                + loop.scan(Succession()) { core, piece, lost in
                    let result = core.endLimbo(piece: piece)
                    lost = lost + result.0
                    return result.next
                }.sum
        }
    }

    package var arenaFile: Int32 { engine.arena.descriptor }
}
