import Glibc
import Threads

/// Receiving: one read per turn, into the loop's scratch buffer or behind the input that the plugin has not consumed yet.
extension LoopPointer {
    /// Reads once and presents the input, if the connection takes input now.
    @inline(__always)
    func readInput(_ connection: ConnectionPointer) {
        guard connection.pointee.state.mayRead,
            _fastPath(!connection.pointee.state.isRated) || mayAsk(connection)
        else { return }
        var base = pointee.scratch
        var room = LoopCore.scratchSize >> Int(connection.pointee.readShift)
        if _slowPath(connection.links.pointee.input != nil) {
            guard makeInputRoom(connection) else { return }
            let used = connection.pointee.inputStart + connection.pointee.inputCount
            base = connection.links.pointee.input! + used
            room = Swift.min(connection.pointee.inputCapacity - used, room)
        }
        switch connection.transportReceive(base, room) {
        case .bytes(let count):
            // A short read has emptied the socket (epoll(7)); further input causes a new edge.
            if count < room, !connection.pointee.state.isHungUp, connection.transportPending == 0 {
                connection.pointee.state.take(.socketEmptied)
            }
            connection.pointee.lastActivity = context.pointee.milliseconds
            connection.counters.pointee.bytesReceived.add(UInt64(count))
            if _slowPath(connection.pointee.state.notesInput) { noteInput(connection, count) }
            let began = _slowPath(count == room) ? readMonotonicClock() : 0
            if _fastPath(connection.links.pointee.input == nil) {
                present(connection, base, count)
            } else {
                connection.pointee.inputCount += count
                connection.sealInput()
                connection.pointee.requestBytes += UInt64(count)
                presentBuffered(connection)
            }
            if _slowPath(began != 0) { adjustRead(connection, began) }
        case .wantsWrite: connection.pointee.state.take(.readNeedsWrite)
        case .wantsRead:
            connection.pointee.state.take(.socketEmptied)
            if _slowPath(connection.pointee.wantedInput != 0) { holdBackInput(connection) }
        case .endOfInput:
            connection.pointee.state.take(.endOfInput)
            // The plugin wanted more than this, but no more will come.
            if _slowPath(connection.pointee.wantedInput != 0), connection.links.pointee.input != nil {
                presentBuffered(connection)
            } else {
                tellPeerFinished(connection)
            }
        case .failed: endConnection(connection, .reset, reset: true)
        }
    }

    /// Called after a read that filled its room. The connection may be gone, but its slot is not reused before the end of the turn.
    private func adjustRead(_ connection: ConnectionPointer, _ began: UInt64) {
        let elapsed = readMonotonicClock() - began
        let shift = connection.pointee.readShift
        if elapsed > LoopCore.readNanoseconds, LoopCore.scratchSize >> Int(shift) > LoopCore.leastRead {
            connection.pointee.readShift = shift + 1
        } else if elapsed < LoopCore.readNanoseconds / 4, shift > 0 {
            connection.pointee.readShift = shift - 1
        }
    }

    /// Presents input in the scratch buffer. Unconsumed input moves to a pooled buffer.
    @inline(__always)
    private func present(_ connection: ConnectionPointer, _ base: UnsafeMutableRawPointer, _ count: Int) {
        let waits = _slowPath(connection.pointee.wantedInput != 0) && !meetsWant(connection, count)
        if _slowPath(waits || connection.links.pointee.binding.pointee.usesWorkers) {
            if keepInput(connection, base, count) { presentBuffered(connection) }
            return
        }
        guard let left = callReceived(connection, base, count) else { return applyEffects(connection) }
        if _slowPath(left > 0), !connection.pointee.state.isClosing {
            guard keepInput(connection, base + (count - left), left) else { return }
            presentAgainIfWanted(connection, left, of: count)
            return finishPresenting(connection)
        }
        applyEffects(connection)
    }

    /// Presents the input again if `received` has consumed something and wants no more bytes than are left.
    private func presentAgainIfWanted(_ connection: ConnectionPointer, _ left: Int, of count: Int) {
        if connection.pointee.wantedInput != 0, left < count, left >= Int(connection.pointee.wantedInput) {
            connection.pointee.state.take(.mustPresent)
        }
    }

    /// Presents the buffered input.
    func presentBuffered(_ connection: ConnectionPointer) {
        connection.pointee.state.take(.presents)
        guard let input = connection.links.pointee.input else { return applyEffects(connection) }
        let count = connection.pointee.inputCount
        if _slowPath(connection.pointee.wantedInput != 0), !meetsWant(connection, count) {
            if !connection.pointee.state.isReadable { holdBackInput(connection) }
            return applyEffects(connection)
        }
        if _slowPath(connection.links.pointee.binding.pointee.usesWorkers) { return handOver(connection, .received) }
        let base = input + connection.pointee.inputStart
        finishReceived(connection, callReceived(connection, base, count), of: count)
    }

    /// Whether the plugin has as much input as it wants, or the peer sends no more. If so, it is presented.
    private func meetsWant(_ connection: ConnectionPointer, _ count: Int) -> Bool {
        guard count >= Int(connection.pointee.wantedInput) || connection.pointee.state.peerSide != .sends else {
            return false
        }
        connection.pointee.wantedInput = 0
        connection.setLowWaterMark(0)
        return true
    }

    /// The socket is empty. While much of the wanted input is missing, a low-water mark keeps the kernel from waking us for every segment.
    private func holdBackInput(_ connection: ConnectionPointer) {
        let missing = Int(connection.pointee.wantedInput) - connection.pointee.inputCount
        connection.setLowWaterMark(
            missing >= LoopCore.leastLowWaterMark ? Swift.min(missing, LoopCore.mostLowWaterMark) : 0)
    }

    /// Reads input that the kernel holds back until there is more. Called when a deadline is near: the peer may be slow but not idle.
    func readHeldBackInput(_ connection: ConnectionPointer) {
        connection.setLowWaterMark(0)
        connection.pointee.state.take(.inputArrived)
        readInput(connection)
    }

    /// Called after the plugin has seen the buffered input.
    func finishReceived(_ connection: ConnectionPointer, _ left: Int?, of count: Int) {
        guard let left else { return applyEffects(connection) }
        connection.pointee.inputStart += count - left
        connection.pointee.inputCount = left
        connection.sealInput()
        if left < count { beginRequest(connection, received: left) }
        if left == 0 { dropInput(connection) }
        presentAgainIfWanted(connection, left, of: count)
        finishPresenting(connection)
    }

    /// Notes the first bytes of a connection, and bytes of a message whose beginning the plugin has already consumed (`expect_input`).
    private func noteInput(_ connection: ConnectionPointer, _ count: Int) {
        connection.pointee.state.take(.firstInput)
        if connection.pointee.state.expectsInput, connection.links.pointee.input == nil {
            connection.pointee.requestBytes += UInt64(count)
        }
    }

    /// The plugin has consumed something: a message is complete, and what is left, if anything, begins another. Does nothing while
    /// the plugin expects more of a message that it consumes in pieces.
    func beginRequest(_ connection: ConnectionPointer, received count: Int) {
        guard !connection.pointee.state.expectsInput else { return }
        connection.pointee.requestStarted = count > 0 ? context.pointee.milliseconds : 0
        connection.pointee.requestBytes = UInt64(count)
        if count > 0 { connection.pointee.state.take(.deadlineChanged) }
    }

    private func finishPresenting(_ connection: ConnectionPointer) {
        if connection.pointee.inputCount > connection.limits.maximumInput,
            connection.pointee.state.mayReachInputLimit
        {
            return endConnection(connection, .inputLimit, reset: false)
        }
        if connection.pointee.inputCount > 0, connection.pointee.state.flow != .flows {
            connection.pointee.state.take(.mustPresent)
        }
        applyEffects(connection)
    }

    /// Calls the plugin. Returns the number of unconsumed bytes; nil when the plugin gave up or broke a rule.
    @inline(__always)
    private func callReceived(
        _ connection: ConnectionPointer, _ base: UnsafeMutableRawPointer, _ count: Int
    ) -> Int? {
        var result = SessionCallResult()
        beginCallback(connection, .received)
        result.status = connection.links.pointee.binding.pointee.callbacks.received(
            connection.links.pointee.binding.pointee.env, connection.links.pointee.session, OpaquePointer(connection),
            base.assumingMemoryBound(to: UInt8.self), count, &result.consumed)
        endCallback(connection)
        return leftover(connection, result, of: count)
    }

    /// Checks what `received` returned. Returns the number of unconsumed bytes; nil as `callReceived` does.
    @inline(__always)
    func leftover(_ connection: ConnectionPointer, _ result: SessionCallResult, of count: Int) -> Int? {
        if _fastPath(result.status >= 0 && result.consumed >= 0 && result.consumed <= count) {
            return count - result.consumed
        }
        if result.status < 0 {
            if !connection.pointee.state.isAborting { connection.giveUp(result.status) }
        } else {
            connection.abort(for: .consumed(result.consumed, of: count), in: .received)
        }
        return nil
    }

    /// Keeps input that is in the scratch buffer. False: there is no memory, and the connection has ended.
    private func keepInput(_ connection: ConnectionPointer, _ base: UnsafeRawPointer, _ count: Int) -> Bool {
        guard bufferInput(connection, base, count, capacity: count + 1) else { return false }
        beginRequest(connection, received: count)
        return true
    }

    /// Copies the unconsumed input to another buffer. False: there is no memory, and the connection has ended.
    private func bufferInput(
        _ connection: ConnectionPointer, _ base: UnsafeRawPointer, _ count: Int, capacity: Int
    ) -> Bool {
        if holdInput(connection, base, count, capacity: capacity) { return true }
        endConnection(connection, .noMemory, reset: true)
        return false
    }

    /// The same for a connection that need not end. False: there is no memory, and nothing has changed.
    func holdInput(_ connection: ConnectionPointer, _ base: UnsafeRawPointer, _ count: Int, capacity: Int) -> Bool {
        guard let buffer = context.pointee.buffers.take(capacity) else { return false }
        buffer.base.copyMemory(from: base, byteCount: count)
        dropInput(connection)
        connection.links.pointee.input = buffer.base
        connection.pointee.inputCapacity = buffer.capacity
        connection.pointee.inputCount = count
        connection.noteOwner(of: buffer)
        connection.sealInput()
        return true
    }

    /// Makes room behind the buffered input: moves it to the front, or to a buffer of the next size class. False: there is no memory,
    /// and the connection has ended.
    private func makeInputRoom(_ connection: ConnectionPointer) -> Bool {
        guard let input = connection.links.pointee.input else { return true }
        let count = connection.pointee.inputCount
        let capacity = connection.pointee.inputCapacity
        if count <= capacity / 2 {
            if connection.pointee.inputStart + count > capacity / 2 {
                memmove(input, input + connection.pointee.inputStart, count)
                connection.pointee.inputStart = 0
                connection.sealInput()
            }
            return true
        }
        return bufferInput(connection, input + connection.pointee.inputStart, count, capacity: capacity * 2)
    }

    func dropInput(_ connection: ConnectionPointer) {
        if let input = connection.links.pointee.input {
            context.pointee.buffers.give(Buffer(base: input, capacity: connection.pointee.inputCapacity))
        }
        connection.links.pointee.input = nil
        connection.pointee.inputCount = 0
        connection.pointee.inputStart = 0
    }

    /// Tells the plugin that the peer sends no more, once all input has been presented.
    func tellPeerFinished(_ connection: ConnectionPointer) {
        guard connection.pointee.state.mayTellOfEnd else { return }
        connection.pointee.state.take(.toldOfEnd)
        connection.pointee.closeReason = .peer
        dropInput(connection)
        guard let peerClosed = connection.links.pointee.binding.pointee.callbacks.peerClosed else {
            connection.pointee.state.take(.mustClose)
            return applyEffects(connection)
        }
        call(connection, .peerClosed, peerClosed)
    }

    /// Reads and drops what a peer still sends after we have finished, so that it gets our last bytes and not a reset.
    func readAndDrop(_ connection: ConnectionPointer) {
        guard connection.pointee.state.isReadable else { return }
        switch connection.transportReceive(pointee.scratch, LoopCore.scratchSize) {
        case .bytes: enqueue(connection)
        case .wantsRead: connection.pointee.state.take(.socketEmptied)
        case .wantsWrite: connection.pointee.state.take(.readNeedsWrite)
        case .endOfInput, .failed: releaseConnection(connection, reset: false)
        }
    }
}
