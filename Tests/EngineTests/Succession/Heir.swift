import CMartlet
import Glibc
import Telemetry
import Testing
import Threads

@testable import Engine

/// A station whose loop stands still, as if its process had died, and another one that takes its connections over.
final class Heir {
    let old: Station
    let new: Station
    private let gate = Gate()
    /// By the numbers that the old station has.
    private var descriptors: [Int32: Int32] = [:]

    /// - Parameter damage: changes the arena of the old station.
    init(of old: Station, damage: (UnsafeMutableRawBufferPointer) -> Void = { _ in }) throws {
        self.old = old
        new = try Station(maximumConnections: 1_000)
        let stopped = Gate()
        old.loop.run { [gate] _ in
            stopped.open()
            gate.wait()
        }
        stopped.wait()
        damage(UnsafeMutableRawBufferPointer(start: old.engine.arena.base, count: old.engine.arena.size))
    }

    /// The old station lives, and stands still only for `take`.
    init(ofLiving old: Station) throws {
        self.old = old
        new = try Station(maximumConnections: 1_000)
    }

    /// What the new station finds, and what becomes of it there. The connections wait for an instance.
    ///
    /// - Parameter hasOffered: what a third station offered to the old one is its own.
    func settle(hasOffered: Bool = true) throws -> Succession {
        try settle(isAlive: false, hasOffered: hasOffered).succession
    }

    /// The same while the old station stands still. Returns the connections that the new one has.
    func take() throws -> SlotSet { try settle(isAlive: true).taken }

    /// The whole change of hosts: the connections that can go on in a generation of the new station do.
    ///
    /// - Parameter chunks: only those of these chunks.
    func move(into generation: Generation, chunks: Range<Int> = 0..<Int.max) throws -> Succession {
        let standstill = EngineStandstill(old.engine, chunks: chunks)
        #expect(standstill.begin(patience: 1_000, standing: 10_000) != nil)
        let taken = try take()
        #expect(standstill.goOn(without: taken))
        return try adopt(into: generation, afterCrash: false)
    }

    private func settle(isAlive: Bool, hasOffered: Bool = true) throws -> Settlement {
        let pages = try PublishedPages(reading: dup(old.engine.published.descriptor))
        let estate = try Estate(file: dup(old.engine.arena.descriptor), pages, isAlive: isAlive, hasOffered: hasOffered)
        var sum = Settlement()
        for chunk in estate.chunks {
            let content = estate.content(of: chunk)
            for number in content.remains.flatMap(\.descriptors) where descriptors[number] == nil {
                let copy = dup(number)
                if copy >= 0 { descriptors[number] = copy }
            }
            nonisolated(unsafe) let given = (content, descriptors)
            sum += try new.onLoop { core in
                #expect(core.makeRoom(for: chunk, given.0))
                return core.settle(given.0, isAlive: isAlive, given.1)
            }
            for number in sum.used { descriptors[number] = nil }
        }
        for descriptor in descriptors.values { close(descriptor) }
        descriptors = [:]
        withExtendedLifetime(estate) {}
        return sum
    }

    /// Gives the connections to a generation, and ends those that are left.
    func adopt(
        into generation: Generation, only number: UInt32? = nil, afterCrash: Bool = true
    ) throws -> Succession {
        nonisolated(unsafe) let binding = generation.binding
        return try new.onLoop { core in
            var sum = Succession()
            var piece: Int? = 0
            while let next = piece {
                let result = core.adopt(
                    into: binding, only: number, afterCrash: afterCrash, loopCount: 1, piece: next)
                sum = sum + result.0
                piece = result.next
            }
            return sum
        }
    }

    func endLimbo(stays: Bool = false) throws -> Succession {
        try new.onLoop { core in
            var sum = Succession()
            var piece: Int? = 0
            while let next = piece {
                let result = core.endLimbo(stays: stays, piece: next)
                sum = sum + result.0
                piece = result.next
            }
            return sum
        }
    }

    /// Lets the old station go on.
    func release() { gate.open() }

    /// Peers must have closed.
    func end() throws {
        try new.end()
        release()
        try old.end()
    }
}

extension Succession {
    static func lost(_ reasons: Loss...) -> Succession {
        var sum = Succession()
        for reason in reasons { sum.lose(reason) }
        return sum
    }

    static func adopted(_ count: Int) -> Succession {
        var sum = Succession()
        sum.adopted = count
        return sum
    }
}
