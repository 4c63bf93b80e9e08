import CMartlet
import Glibc

/// Output of a connection, as plugins write it: the host functions `reserve` to `send_file`.
///
/// Small answers go to the thread's output area, which is sent once at the end of the callback. Lent output (shared memory, files)
/// is queued behind the current content of the area, so that the order of the calls is the order on the wire. What the callback of
/// another connection writes goes to the queue at once (`martlet_loops.connection`).
extension ConnectionPointer {
    /// Output may be written: a callback is running and nothing has ended the connection.
    @inline(__always)
    private func takesOutput(_ function: StaticString) -> Bool {
        if _fastPath(pointee.state.takesCalls) { return true }
        noteRefused(function, writes: true)
        return false
    }

    /// Bytes that wait for the peer, including those of its running callback.
    @inline(__always)
    private var pendingOutput: Int { pointee.outputBytes + links.pointee.context.pointee.output.count }

    @inline(__always)
    private func mayAdd(_ length: Int, to pending: Int) -> Bool {
        length <= limits.outputHighWater + limits.outputOverrun - pending
    }

    /// OK, or FULL once the high-water mark is reached.
    @inline(__always)
    private func accepted(_ pending: Int) -> Int32 {
        if _fastPath(pending < limits.outputHighWater) { return MARTLET_OK }
        pointee.state.take(.toldFull)
        return MARTLET_FULL
    }

    /// `martlet_host.reserve`
    package func reserve(_ length: Int) -> UnsafeMutablePointer<UInt8>? {
        guard takesOutput("reserve"), length >= 0, mayAdd(length, to: pendingOutput),
            links.pointee.context.pointee.output.makeRoom(length)
        else { return nil }
        let context = links.pointee.context
        context.pointee.output.reserved = length
        return (context.pointee.output.base + context.pointee.output.count).assumingMemoryBound(to: UInt8.self)
    }

    /// `martlet_host.commit`
    package func commit(_ length: Int) -> Int32 {
        guard takesOutput("commit") else { return MARTLET_ERROR_CLOSED }
        guard length >= 0, length <= links.pointee.context.pointee.output.reserved else {
            abort(for: .committed(length, reserved: links.pointee.context.pointee.output.reserved))
            return MARTLET_ERROR_ARGUMENT
        }
        links.pointee.context.pointee.output.reserved = 0
        links.pointee.context.pointee.output.count += length
        return accepted(pendingOutput)
    }

    /// `martlet_host.write`
    package func write(_ data: UnsafeRawPointer?, _ length: Int) -> Int32 {
        guard _fastPath(pointee.state.takesCalls) else { return writeFromOutside(data, length) }
        guard length > 0, let data else { return length == 0 ? MARTLET_OK : MARTLET_ERROR_ARGUMENT }
        let context = links.pointee.context
        guard mayAdd(length, to: pendingOutput), context.pointee.output.makeRoom(length) else {
            return MARTLET_ERROR_MEMORY
        }
        // The bytes of an earlier `reserve` are valid only until this call, and there was never room for both.
        context.pointee.output.reserved = 0
        (context.pointee.output.base + context.pointee.output.count).copyMemory(from: data, byteCount: length)
        context.pointee.output.count += length
        return accepted(pendingOutput)
    }

    @inline(never)
    private func writeFromOutside(_ data: UnsafeRawPointer?, _ length: Int) -> Int32 {
        guard pointee.state.takesCallsFromOutside else {
            noteRefused("write", writes: true)
            return MARTLET_ERROR_CLOSED
        }
        guard length > 0, let data else { return length == 0 ? MARTLET_OK : MARTLET_ERROR_ARGUMENT }
        guard mayAdd(length, to: pointee.outputBytes),
            links.pointee.context.appendBuffer(copying: data, length, to: self)
        else { return MARTLET_ERROR_MEMORY }
        return accepted(pointee.outputBytes)
    }

    /// `martlet_host.write_shared`
    package func writeShared(
        _ data: UnsafeRawPointer?, _ length: Int, release: ReleaseFunction?, context: UnsafeMutableRawPointer?
    ) -> Int32 {
        let valid = length >= 0 && (data != nil || length == 0)
        return enqueue(
            "write_shared",
            OutputSegment(
                kind: .shared, remaining: valid ? length : 0, position: UnsafeMutableRawPointer(mutating: data),
                lender: links.pointee.binding, release: release, context: context),
            valid: valid)
    }

    /// `martlet_host.send_file`
    package func sendFile(
        _ file: Int32, offset: UInt64, length: UInt64, release: ReleaseFunction?, context: UnsafeMutableRawPointer?
    ) -> Int32 {
        // sendfile(2) counts with off_t.
        let limit = UInt64(Int64.max)
        let valid = file >= 0 && offset <= limit && length <= limit - offset
        return enqueue(
            "send_file",
            OutputSegment(
                kind: .file, file: file, remaining: valid ? Int(length) : 0, offset: offset,
                lender: links.pointee.binding,
                release: release, context: context),
            valid: valid)
    }

    /// Queues lent output. Whatever the result, its release function is called after this function has returned.
    private func enqueue(_ function: StaticString, _ segment: OutputSegment, valid: Bool) -> Int32 {
        let context = links.pointee.context
        links.pointee.binding.countLoan()
        // The output area belongs to the connection whose callback runs.
        let isOutside = pointee.state.takesCallsFromOutside
        let takesOutput = isOutside || takesOutput(function)
        // The sum of all lengths of a connection must fit into an Int.
        guard takesOutput, valid, segment.remaining > 0, segment.remaining <= Int.max - pendingOutput,
            isOutside || context.spillOutput(self)
        else {
            context.releaseLater(segment)
            if !takesOutput { return MARTLET_ERROR_CLOSED }
            return !valid ? MARTLET_ERROR_ARGUMENT : segment.remaining == 0 ? MARTLET_OK : MARTLET_ERROR_MEMORY
        }
        if !isOutside { context.pointee.output.reserved = 0 }
        guard context.append(segment, to: self) else {
            context.releaseLater(segment)
            return MARTLET_ERROR_MEMORY
        }
        return accepted(isOutside ? pointee.outputBytes : pendingOutput)
    }
}
