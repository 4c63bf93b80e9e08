import CMartlet
import Glibc

extension SimulatedConnection {
    /// Presents what is not consumed and one more piece, contiguous, in memory that is valid for this callback only.
    func present(_ piece: [UInt8]) {
        presentAgain = false
        input += piece
        progress += piece.count
        guard input.count >= wantedInput || peerFinished && unread.isEmpty else { return }
        wantedInput = 0
        presentations += 1
        let memory = UnsafeMutableRawBufferPointer.allocate(byteCount: input.count, alignment: 1)
        memory.copyBytes(from: input)
        var consumed = 0
        var status = MARTLET_OK
        callback(.received) {
            status = host.plugin.callbacks.received(
                env, session, handle, memory.baseAddress?.assumingMemoryBound(to: UInt8.self), input.count, &consumed)
        }
        if memcmp(memory.baseAddress!, input, input.count) != 0 { violation("wrote into its input") }
        // Whoever kept the pointer reads nonsense.
        memory.initializeMemory(as: UInt8.self, repeating: 0xDD)
        memory.deallocate()
        take(status, consumed: consumed)
        finishTurn()
    }

    private func take(_ status: martlet_result, consumed: Int) {
        guard status >= 0 else {
            if !aborting { giveUp(status) }
            return
        }
        guard consumed >= 0, consumed <= input.count else {
            violation("consumed \(consumed) of \(input.count) bytes")
            return fault()
        }
        input.removeFirst(consumed)
        progress += consumed
        if wantedInput > 0, consumed > 0, input.count >= wantedInput { presentAgain = true }
        // What was presented is all there will be, and is not presented again for the asking.
        if peerFinished, unread.isEmpty, !presentAgain { wantedInput = 0 }
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
