import Engine

extension PluginInstance {
    /// Adopts the connections of its listener whose process has died. Called on the control thread.
    ///
    /// - Parameter generation: only those of this generation there; nil: those of all.
    package func adopt(only generation: Int?) -> Succession {
        var sum = Succession()
        let loopCount = engine.loops.count
        let number = generation.map { UInt32(truncatingIfNeeded: $0) }
        for (index, loop) in engine.loops.enumerated() {
            nonisolated(unsafe) let binding = bindings[index]
            let scan = loop.scan(Succession()) { core, piece, sum in
                let result = core.adopt(into: binding, only: number, loopCount: loopCount, piece: piece)
                sum = sum + result.0
                return result.next
            }
            sum = sum + scan.sum
        }
        return sum
    }
}
