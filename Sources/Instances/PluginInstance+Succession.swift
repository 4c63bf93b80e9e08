import Engine

extension PluginInstance {
    /// Adopts the connections of its listener that have come from another process. Called on the control thread.
    ///
    /// - Parameters:
    ///   - generation: only those of this generation there; nil: those of all.
    ///   - afterCrash: the plugin decides whether they go on.
    package func adopt(only generation: Int?, afterCrash: Bool) -> Succession {
        // None may send to a group before all its members are here.
        try? setStillness(.settling)
        let settled = adoptAll(only: generation, afterCrash: afterCrash)
        endStandstill(with: nil)
        return settled + adoptAll(only: generation, afterCrash: afterCrash)
    }

    private func adoptAll(only generation: Int?, afterCrash: Bool) -> Succession {
        let loopCount = engine.loops.count
        let number = generation.map { UInt32(truncatingIfNeeded: $0) }
        let scans = engine.loops.enumerated().map { index, loop in
            nonisolated(unsafe) let binding = bindings[index]
            return loop.startScan(Succession()) { core, piece, sum in
                let result = core.adopt(
                    into: binding, only: number, afterCrash: afterCrash, loopCount: loopCount, piece: piece)
                sum = sum + result.0
                return result.next
            }
        }
        return scans.reduce(Succession()) { $0 + $1.wait().sum }
    }
}
