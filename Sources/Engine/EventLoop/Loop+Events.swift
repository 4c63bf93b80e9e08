import CLinux
import Glibc
import Threads

/// The turn of the loop: wait, then handle what happened. A turn handles a bounded number of events, messages and timers. It goes
/// at most once through what waited when it began (the ready list, jobs, parked deliveries). Anything that arrives meanwhile waits
/// for the next turn.
extension LoopPointer {
    func run() {
        withUnsafeTemporaryAllocation(of: epoll_event.self, capacity: Epoll.batch) { events in
            while !pointee.stopping { turn(events) }
        }
    }

    private func turn(_ events: UnsafeMutableBufferPointer<epoll_event>) {
        header.pointee.waits.add(1)
        var wait = waitMilliseconds
        if wait != 0, !pointee.notice.pointee.fallAsleep() { wait = 0 }
        let count = epoll_wait(pointee.epoll, events.baseAddress, Int32(Epoll.batch), wait)
        if wait != 0 { pointee.notice.pointee.wakeUp() }
        if _slowPath(count < 0) { ForeignClose.check(errno) }
        if _slowPath(!pointee.notice.pointee.isEmpty) { takeMail() }
        step(UnsafeBufferPointer(start: events.baseAddress, count: Swift.max(Int(count), 0)))
    }

    /// Makes one turn without waiting, for a loop without a thread. It has no events but its mail.
    func step() {
        header.pointee.waits.add(1)
        takeMail()
        step(UnsafeBufferPointer(start: nil, count: 0))
    }

    /// There is nothing to do before `nextWake`, or before a message comes.
    var isQuiet: Bool { waitMilliseconds != 0 && pointee.mailbox.isEmpty }

    @inline(__always)
    private func step(_ events: UnsafeBufferPointer<epoll_event>) {
        context.pointee.updateClock()
        header.pointee.turns.add(1)
        if _slowPath(pointee.alarm.isSet) { wakeWatcher() }
        pointee.turn &+= 1
        for event in events { handle(event) }
        context.workOn(nil)
        if _slowPath(hasMail) { readMailbox() }
        if _slowPath(!pointee.parkedDeliveries.isEmpty) { retryDeliveries() }
        if _slowPath(!pointee.waitingJobs.isEmpty) { submitWaitingJobs() }
        if !pointee.ready.isEmpty { runReady() }
        runTimers()
        if _slowPath(!pointee.timers.isEmpty) { runInstanceTimers() }
        if pointee.pausedSockets > 0, pointee.acceptRetryAt <= context.pointee.milliseconds { resumeAccepting() }
        freeClosedSlots()
        if !pointee.stoppedSockets.isEmpty { freeStoppedSockets() }
        if !pointee.retiring.isEmpty { tellDrained() }
        context.workOn(nil)
        assertInvariants()
    }

    /// Not in `turn`, which would retain the alarm in every turn.
    @inline(never)
    private func wakeWatcher() { pointee.alarm.noteActivity() }

    private var waitMilliseconds: Int32 {
        if !pointee.ready.isEmpty || hasMail { return 0 }
        let wake = nextWake
        if wake == .max { return -1 }
        return wake <= context.pointee.milliseconds ? 0 : Int32(Swift.min(wake - context.pointee.milliseconds, 60_000))
    }

    /// When the loop has something to do although nothing happens, in milliseconds on its clock; `.max`: never.
    var nextWake: UInt64 {
        var wake = Swift.min(pointee.wheel.nextWake ?? .max, pointee.timers.nextWake ?? .max)
        if !pointee.waitingJobs.isEmpty {
            wake = Swift.min(wake, context.pointee.milliseconds + LoopCore.jobRetryMilliseconds)
        }
        if !pointee.parkedDeliveries.isEmpty { wake = Swift.min(wake, pointee.deliveryRetryAt) }
        if pointee.pausedSockets > 0 { wake = Swift.min(wake, pointee.acceptRetryAt) }
        return wake
    }

    @inline(__always)
    private func handle(_ event: epoll_event) {
        let value = event.data.u64
        if _fastPath(value & EventTag.mask == EventTag.connection) {
            guard let connection = ConnectionPointer(bitPattern: UInt(value)) else { return }
            if _slowPath(pointee.isShared), putOff(connection, event.events) { return }
            return handle(connection, event.events)
        }
        if value & EventTag.mask == EventTag.listeningSocket {
            guard let socket = ListeningSocketPointer(bitPattern: UInt(value & ~EventTag.mask)) else { return }
            return acceptBatch(socket)
        }
        // The mailbox has woken the loop, which has looked for mail since.
    }

    @inline(__always)
    package func handle(_ connection: ConnectionPointer, _ events: UInt32) {
        if _slowPath(connection.pointee.place == .worker) { return awayRecord(connection) { $0.events |= events } }
        guard !connection.pointee.state.isVacant else { return }
        context.workOn(connection)
        if events & Epoll.input != 0 { connection.pointee.state.take(.inputArrived) }
        let isUsual = connection.pointee.state.isConversing && connection.links.pointee.outputHead == nil
        if _fastPath(isUsual && events & ~(Epoll.input | Epoll.output) == 0) { return readInput(connection) }
        handleUnusual(connection, events)
    }

    private func handleUnusual(_ connection: ConnectionPointer, _ events: UInt32) {
        let ended = Epoll.peerShutdown | Epoll.hangup | Epoll.error
        if events & ended != 0 { connection.pointee.state.take(.hungUp) }
        if events & Epoll.output != 0 { connection.pointee.state.take(.roomArrived) }
        var previous = ConnectionEffect.nothing
        while true {
            let effect = connection.pointee.state.onEvents(
                hasOutput: connection.links.pointee.outputHead != nil, hasRoom: events & Epoll.output != 0,
                hungUp: events & Epoll.hangup != 0, failed: events & Epoll.error != 0, after: previous)
            perform(effect, connection)
            guard effect == .flush, isHere(connection) else { return }
            previous = effect
        }
    }

    /// When several listeners share the loop: whether input of this connection must wait until every listener has had its share of
    /// this turn. It must if the connection already is in the ready list, or if its listener has had more than `fairEvents` events.
    private func putOff(_ connection: ConnectionPointer, _ events: UInt32) -> Bool {
        guard connection.pointee.place == .loop, connection.pointee.state.hasSession,
            events & (Epoll.input | Epoll.hangup | Epoll.error) == Epoll.input,
            events & Epoll.output == 0 || connection.links.pointee.outputHead == nil
        else { return false }
        let binding = connection.links.pointee.binding
        if binding.own.pointee.servedTurn != pointee.turn {
            binding.own.pointee.servedTurn = pointee.turn
            binding.own.pointee.servedEvents = 0
        }
        binding.own.pointee.servedEvents += 1
        guard connection.pointee.state.isQueued || binding.own.pointee.servedEvents > LoopCore.fairEvents else {
            return false
        }
        connection.pointee.state.take(events & Epoll.peerShutdown != 0 ? .hungUp : .inputArrived)
        enqueue(connection)
        return true
    }

    /// Runs one step of each connection that had more to do.
    private func runReady() {
        // Connections that are put on the list from now on belong to the next turn.
        let count = pointee.ready.count
        guard _slowPath(pointee.isShared) else {
            for index in 0..<count { proceed(pointee.ready[index]) }
            return pointee.ready.removeFirst(count)
        }
        // Stops after a while, so that new events are handled first; the rest of the list continues in the next turn.
        let end = readMonotonicClock() + LoopCore.putOffNanoseconds
        var done = 0
        repeat {
            proceed(pointee.ready[done])
            done += 1
        } while done < count && readMonotonicClock() < end
        pointee.ready.removeFirst(done)
    }
}
