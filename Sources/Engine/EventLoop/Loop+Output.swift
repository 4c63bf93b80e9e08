import Glibc

/// Sending: the output area of the callback is sent in place; what the kernel does not take waits in segments for EPOLLOUT.
extension LoopPointer {
    /// Sends all pending output. False: the connection failed, and the caller must break it off.
    @inline(__always)
    func flush(_ connection: ConnectionPointer) -> Bool {
        let count = context.pointee.output.count
        if _fastPath(connection.links.pointee.outputHead == nil) {
            guard count > 0 else { return true }
            switch connection.transportSend(context.pointee.output.base, count) {
            case .bytes(let sent):
                connection.counters.pointee.bytesSent.add(UInt64(sent))
                if _fastPath(sent == count) {
                    connection.pointee.lastActivity = context.pointee.milliseconds
                    context.pointee.output.reset()
                    return true
                }
                // Continues until the kernel refuses: only then does room in the socket cause an edge (epoll(7)).
                return keepUnsent(connection, from: sent) && flushSegments(connection)
            case .wantsWrite: return keepUnsent(connection, from: 0)
            case .wantsRead:
                connection.pointee.state.take(.writeNeedsRead)
                return keepUnsent(connection, from: 0)
            case .endOfInput, .failed: return false
            }
        }
        guard context.spillOutput(connection) else { return noMemory(connection) }
        return flushSegments(connection)
    }

    private func keepUnsent(_ connection: ConnectionPointer, from sent: Int) -> Bool {
        connection.pointee.lastWriteProgress = context.pointee.milliseconds
        let kept = context.append(
            copying: context.pointee.output.base + sent, context.pointee.output.count - sent, to: connection)
        context.pointee.output.reset()
        return kept || noMemory(connection)
    }

    private func noMemory(_ connection: ConnectionPointer) -> Bool {
        connection.pointee.closeReason = .noMemory
        return false
    }

    /// Ends a connection whose output could not be sent or kept.
    func breakOff(_ connection: ConnectionPointer) {
        let isOutOfMemory = connection.pointee.closeReason == .noMemory
        endConnection(connection, isOutOfMemory ? .noMemory : .reset, reset: true)
    }

    /// Sends segments until none is left, the socket is full, or the bound for one turn is reached.
    func flushSegments(_ connection: ConnectionPointer) -> Bool {
        var budget = LoopCore.flushLimit
        connection.pointee.state.take(.flushBegan)
        while let head = connection.links.pointee.outputHead {
            guard budget > 0 else {
                connection.pointee.state.take(.flushStopped)
                enqueue(connection)
                return true
            }
            let result =
                head.pointee.kind == .file
                ? connection.transportSend(
                    file: head.pointee.file, offset: head.pointee.offset, count: min(head.pointee.remaining, budget))
                : sendMemory(connection, from: head)
            switch result {
            case .bytes(let sent):
                budget -= sent
                connection.pointee.lastWriteProgress = context.pointee.milliseconds
                connection.counters.pointee.bytesSent.add(UInt64(sent))
                consumeOutput(connection, sent)
            case .wantsWrite: return true
            case .wantsRead:
                connection.pointee.state.take(.writeNeedsRead)
                return true
            case .endOfInput:
                connection.count(.fileTooShort)
                return false
            case .failed: return false
            }
        }
        // Back from the write deadline to the idle deadline.
        if connection.pointee.isArmedForOutput { rearmTimer(connection) }
        return true
    }

    /// Sends the run of memory segments that begins at `head`, in one call.
    private func sendMemory(
        _ connection: ConnectionPointer, from head: UnsafeMutablePointer<OutputSegment>
    ) -> TransportResult {
        // send(2) costs the kernel less than sendmsg(2).
        if head.pointee.next == nil, let position = head.pointee.position {
            return connection.transportSend(position, head.pointee.remaining)
        }
        return withUnsafeTemporaryAllocation(of: iovec.self, capacity: 16) { vector in
            var count = 0
            var next: UnsafeMutablePointer<OutputSegment>? = head
            while let segment = next, segment.pointee.kind != .file, count < vector.count {
                vector.initializeElement(
                    at: count, to: iovec(iov_base: segment.pointee.position, iov_len: segment.pointee.remaining))
                count += 1
                next = segment.pointee.next
            }
            return connection.transportSend(vector: .init(rebasing: vector[..<count]), more: next != nil)
        }
    }

    private func consumeOutput(_ connection: ConnectionPointer, _ sent: Int) {
        var left = sent
        connection.pointee.outputBytes -= sent
        while left > 0, let head = connection.links.pointee.outputHead {
            let count = Swift.min(left, head.pointee.remaining)
            head.pointee.remaining -= count
            head.pointee.offset += UInt64(count)
            head.pointee.position? += count
            head.pointee.seal = head.pointee.expectedSeal
            left -= count
            if head.pointee.remaining == 0 { dropHead(connection) }
        }
    }

    /// Removes the first segment from the queue and returns its memory or loan.
    private func dropHead(_ connection: ConnectionPointer) {
        guard let head = connection.links.pointee.outputHead else { return }
        connection.links.pointee.outputHead = head.pointee.next
        if head.pointee.next == nil { connection.links.pointee.outputTail = nil }
        let segment = head.pointee
        context.pointee.segments.give(head)
        if let buffer = segment.buffer { context.pointee.buffers.give(buffer) }
        context.giveBack(segment)
    }

    func dropOutput(_ connection: ConnectionPointer) {
        while connection.links.pointee.outputHead != nil { dropHead(connection) }
        connection.pointee.outputBytes = 0
    }
}
