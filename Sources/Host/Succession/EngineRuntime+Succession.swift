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
        var inheritance = Inheritance(succession: Succession())
        if !estate.isAlive {
            // Each loop may have been accepting one.
            let missing = pages.connectionCount - contents.reduce(0) { $0 + $1.1.count }
            if missing > 0 {
                inheritance.succession.lose(missing <= pages.loops.count ? .busy : .damaged, count: missing)
            }
        }
        let settlement = try settle(contents, isAlive: estate.isAlive, &kept)
        inheritance.succession = inheritance.succession + settlement.succession
        inheritance.taken = settlement.taken
        inheritance.keepers = Array(kept.keepers)
        return inheritance
    }

    /// On all loops at the same time.
    private func settle(
        _ contents: [(Estate.Chunk, Estate.Content)], isAlive: Bool, _ kept: inout KeptDescriptors
    ) throws(SystemError) -> Settlement {
        var settlement = Settlement()
        var parts = Array(
            repeating: [(content: Estate.Content, descriptors: [Int32: Int32])](), count: engine.loops.count)
        for (chunk, content) in contents {
            let index = chunk.loop % engine.loops.count
            nonisolated(unsafe) let content = content
            guard let hasRoom = engine.loops[index].order({ $0.makeRoom(for: chunk, content) }) else {
                throw Self.stuck
            }
            if hasRoom {
                parts[index].append((content, kept.take(content.remains.flatMap(\.descriptors))))
            } else {
                settlement.succession = settlement.succession + content.lost
                if !isAlive { settlement.succession.lose(.resources, count: content.remains.count) }
            }
        }
        let scans = zip(engine.loops, parts).map { loop, part in
            nonisolated(unsafe) let part = part
            return loop.startScan(Settlement()) { core, piece, sum in
                guard piece < part.count else { return nil }
                sum += core.settle(part[piece].content, isAlive: isAlive, part[piece].descriptors)
                return piece + 1
            }
        }
        var isComplete = true
        for (scan, part) in zip(scans, parts) {
            let result = scan.wait()
            settlement += result.sum
            // A loop that is late may still use its descriptors.
            for entry in part where !result.isComplete { kept.remove(entry.descriptors.keys) }
            isComplete = isComplete && result.isComplete
        }
        kept.remove(settlement.used)
        guard isComplete else { throw Self.stuck }
        return settlement
    }

    private static var stuck: SystemError { SystemError("settle", "a loop does not turn", errno: ETIMEDOUT) }

    /// The control side of its process has it.
    package var estate: (any RuntimeEstate)? { nil }

    /// How long busy connections are waited for, and how long the other process may take. Milliseconds.
    private static let (patience, standing): (UInt64, UInt64) = (20, 2_000)

    package func standStill(portion: Int?) -> EngineStandstill.Standing? {
        let still = EngineStandstill(engine, portion: portion)
        standstill.withLock { $0 = still }
        if let standing = still.begin(patience: Self.patience, standing: Self.standing) { return standing }
        standstill.withLock { $0 = nil }
        return nil
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
        let scans = engine.loops.map { loop in
            loop.startScan(Succession()) { core, piece, lost in
                let result = core.endLimbo(stays: stays, piece: piece)
                lost = lost + result.0
                return result.next
            }
        }
        return scans.reduce(Succession()) { $0 + $1.wait().sum }
    }

    package var arenaFile: Int32 { engine.arena.descriptor }
}
