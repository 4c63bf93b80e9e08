import CMartlet
import Engine
import Operations
import Synchronization
import Threads

/// Calls operations of a live instance on behalf of an operator.
extension PluginInstance {
    /// Calls an operation on the threads that it declares, and waits. Must not be called on the control thread.
    ///
    /// - Parameter onControl: runs a function on the control thread and waits for it.
    package func call(
        _ name: String, _ arguments: [String], onControl: ((@escaping @Sendable () -> Void) -> Void)
    ) throws(OperationFailure) -> OperationReport {
        guard !image.operations.operations.isEmpty else {
            throw OperationFailure(
                "\(image.description.name) \(image.description.version) has no operations (asked for \"\(name)\")")
        }
        let (operation, values): (OperationTable.Operation, [OperationValue])
        do throws(Signature.Problem) {
            (operation, values) = try image.operations.prepare(name, arguments)
        } catch {
            throw OperationFailure(error.text)
        }
        // Nothing of the instance is destroyed before this call leaves the ledger.
        guard ledger.enter() else { throw OperationFailure("generation \(generation) has just ended") }
        defer { ledger.leave() }
        guard !isStandingStill.load(ordering: .sequentiallyConsistent) else {
            throw OperationFailure("the state of generation \(generation) is moving to the next; call again")
        }
        if let running = call.begin(name) {
            throw OperationFailure("\"\(running)\" is still running; a listener runs one operation at a time")
        }
        let began = MonotonicTime.now()
        let run = OperationRun(ledger, call)
        let outcome = Result { () throws(OperationFailure) in try self.run(operation, values, run, onControl) }
        // An operation that has not returned continues, and no other begins before it is done.
        let refusals = run.isLate ? [] : call.end()
        let results = try outcome.get()
        guard refusals.isEmpty else {
            throw OperationFailure(refusals.map(\.reason).joined(separator: "; "))
        }
        var report = OperationReport(
            listener: listener, generation: generation, operation: operation.description, results: results, sum: nil,
            milliseconds: Double(MonotonicTime.now().nanoseconds - began.nanoseconds) / 1e6)
        if results.count > 1 {
            report.sum = results.dropFirst().reduce(results[0].value as OperationValue?) { $0?.adding($1.value) }
        }
        return report
    }

    private func run(
        _ operation: OperationTable.Operation, _ values: [OperationValue], _ run: OperationRun,
        _ onControl: (@escaping @Sendable () -> Void) -> Void
    ) throws(OperationFailure) -> [OperationReport.Result] {
        switch operation.description.place {
        case .control: return [.init(loop: nil, value: try onControlThread(operation, values, run, onControl))]
        case .loops: return try onLoops(operation, values, run)
        case .worker: return [.init(loop: nil, value: try onWorker(operation, values, run))]
        }
    }

    private func onControlThread(
        _ operation: OperationTable.Operation, _ values: [OperationValue], _ run: OperationRun,
        _ onControl: (@escaping @Sendable () -> Void) -> Void
    ) throws(OperationFailure) -> OperationValue {
        let reply = Reply<OperationValue?>()
        run.expect()
        onControl { [self] in
            reply.set(
                controlCall(.operation, ifNoThread: run.cancel) { [self] in
                    run.perform { operation.call(env, values) }
                })
        }
        // Waits without a deadline, because the control thread has deadlines for everything that it waits for.
        guard let value = reply.wait() else { throw late(operation, run) }
        return value
    }

    private func late(_ operation: OperationTable.Operation, _ run: OperationRun) -> OperationFailure {
        run.giveUp()
        return OperationFailure(
            "\"\(operation.description.name)\" has not returned within \(Double(callNanoseconds) / 1e9) s (plugin_timeout)"
        )
    }

    /// Calls the operation on each loop where the instance still is: a retired instance may have left some.
    private func onLoops(
        _ operation: OperationTable.Operation, _ values: [OperationValue], _ run: OperationRun
    ) throws(OperationFailure) -> [OperationReport.Result] {
        var results: [OperationReport.Result] = []
        for (index, loop) in engine.loops.enumerated() {
            nonisolated(unsafe) let binding = bindings[index]
            run.expect()
            interposition?.willCall(.operation)
            let answer = loop.ask(by: .after(nanoseconds: callNanoseconds)) { core in
                run.perform {
                    core.withEnv(of: binding) { operation.call($0, values) }
                }
            }
            guard let answer else {
                let failure = OperationFailure("event loop \(index) \(Stall.text(of: loop.page))")
                // `ask` has withdrawn a question that the loop has not begun.
                if run.hasBegun { run.giveUp() } else { run.cancel() }
                throw failure
            }
            if let value = answer { results.append(.init(loop: index, value: value)) }
        }
        return results
    }

    private func onWorker(
        _ operation: OperationTable.Operation, _ values: [OperationValue], _ run: OperationRun
    ) throws(OperationFailure) -> OperationValue {
        let reply = Reply<OperationValue>()
        run.expect()
        // Nothing blocks in a driven engine, so the caller's thread is as good as a worker.
        if engine.isDriven { return controlCall(.operation) { [self] in run.perform { operation.call(env, values) } }! }
        let job = Unmanaged.passRetained(
            OperationJob { [self] in
                reply.set(run.perform { operation.call(env, values) })
            })
        let submission = engine.workers.submit(
            OperationJob.work, context: job.toOpaque(), kind: .operation, label: label, share: operationShare
        ) {}
        switch submission {
        case .taken:
            guard let value = reply.wait(until: .after(nanoseconds: callNanoseconds)) else {
                throw late(operation, run)
            }
            return value
        case .full:
            job.release()
            run.cancel()
            throw OperationFailure("the worker queue is full")
        case .stopping:
            job.release()
            run.cancel()
            throw OperationFailure("the server is stopping")
        }
    }
}

/// One call of an operation. The caller waits only until a deadline, but the instance is not destroyed before the call has returned.
private final class OperationRun: Sendable {
    private enum State { static let (running, returned, late) = (0, 1, 2) }
    private let state = Atomic<Int>(State.running)
    private let begun = Atomic<Bool>(false)
    private let ledger: InstanceLedger
    private let call: OperationCall

    init(_ ledger: InstanceLedger, _ call: OperationCall) {
        self.ledger = ledger
        self.call = call
    }

    var isLate: Bool { state.load(ordering: .acquiring) == State.late }

    /// The plugin has been called.
    var hasBegun: Bool { begun.load(ordering: .acquiring) }

    /// Must be called before the call is handed to another thread, by a caller that has itself entered the ledger. Called again for
    /// the next event loop, when the call on the previous one has returned.
    func expect() {
        ledger.enterAgain()
        begun.store(false, ordering: .relaxed)
        state.store(State.running, ordering: .relaxed)
    }

    /// For a call that will not be made after all.
    func cancel() {
        state.store(State.returned, ordering: .releasing)
        ledger.leave()
    }

    /// Runs on the thread that calls the plugin.
    func perform<Value>(_ body: () -> Value) -> Value {
        defer { ledger.leave() }
        begun.store(true, ordering: .releasing)
        let value = body()
        if !leave(State.returned) { _ = call.end() }
        return value
    }

    /// Called by the thread that waits.
    func giveUp() { _ = leave(State.late) }

    private func leave(_ new: Int) -> Bool {
        state.compareExchange(expected: State.running, desired: new, ordering: .acquiringAndReleasing).exchanged
    }
}

/// Wraps a function in the one pointer that a worker gets.
private final class OperationJob {
    private let body: () -> Void

    init(_ body: @escaping () -> Void) { self.body = body }

    static let work: martlet_work = { Unmanaged<OperationJob>.fromOpaque($0!).takeRetainedValue().body() }
}

extension OptionRefusal {
    /// The refusal as the reason of a failed call.
    fileprivate var reason: String { path.isEmpty ? message : "\(path): \(message)" }
}
