import CMartlet
import Glibc

extension SimulatedConnection {
    /// Presents what is not consumed and one more piece, contiguous, in memory that is valid for this callback only.
    func present(_ piece: [UInt8]) {
        presentAgain = false
        input += piece
        progress += piece.count
        let memory = UnsafeMutableRawBufferPointer.allocate(byteCount: input.count, alignment: 1)
        memory.copyBytes(from: input)
        var consumed: Int64 = 0
        callback(.received) {
            consumed = host.plugin.received(
                session, handle, memory.baseAddress?.assumingMemoryBound(to: UInt8.self), input.count)
        }
        if memcmp(memory.baseAddress!, input, input.count) != 0 { violation("wrote into its input") }
        // Whoever kept the pointer reads nonsense.
        memory.initializeMemory(as: UInt8.self, repeating: 0xDD)
        memory.deallocate()
        take(consumed: consumed)
        finishTurn()
    }

    private func take(consumed: Int64) {
        guard consumed >= 0 else {
            aborting = true
            return
        }
        guard consumed <= Int64(input.count) else {
            violation("consumed \(consumed) of \(input.count) bytes")
            return fault()
        }
        input.removeFirst(Int(consumed))
        progress += Int(consumed)
        if input.count > host.limits.maximumInput, !toldFull, !paused, !closing {
            closeReason = MARTLET_CLOSED_INPUT_LIMIT
            aborting = true
        }
        if !input.isEmpty, toldFull { presentAgain = true }
    }

    /// The plugin broke a rule of the ABI: the connection is not to be trusted any more.
    func fault() {
        closeReason = MARTLET_CLOSED_FAULT
        aborting = true
    }

    func violation(_ text: String, isAnswered: Bool = false) {
        host.telemetry.violation(text, connection: number, in: host.call, isAnswered: isAnswered)
    }
}
