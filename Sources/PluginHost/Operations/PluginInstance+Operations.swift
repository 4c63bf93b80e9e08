import Engine
import Operations

/// Operations of a live instance, called by hand.
extension PluginInstance {
    /// Calls an operation where the plugin wants it, and waits. Not on the control thread.
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
        // Nothing of the instance is taken down before this leaves.
        guard ledger.enter() else { throw OperationFailure("generation \(generation) has just ended") }
        defer { ledger.leave() }
        if let running = call.begin(name) {
            throw OperationFailure("\"\(running)\" still runs; the operations of a listener run one after the other")
        }
        let began = MonotonicTime.now()
        let outcome = Result { () throws(OperationFailure) in try run(operation, values, onControl) }
        let refusals = call.end()
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
        _ operation: OperationTable.Operation, _ values: [OperationValue],
        _ onControl: (@escaping @Sendable () -> Void) -> Void
    ) throws(OperationFailure) -> [OperationReport.Result] {
        switch operation.description.place {
        case .control:
            let reply = Reply<OperationValue>()
            onControl { [self] in reply.set(operation.call(state: state, loopState: nil, values)) }
            return [.init(loop: nil, value: reply.wait())]
        case .loops: return onLoops(operation, values)
        case .worker: return [.init(loop: nil, value: try onWorker(operation, values))]
        }
    }

    /// On each loop where the instance still is: one that is retired may have left some.
    private func onLoops(
        _ operation: OperationTable.Operation, _ values: [OperationValue]
    ) -> [OperationReport.Result] {
        var results: [OperationReport.Result] = []
        for (index, loop) in engine.loops.enumerated() {
            nonisolated(unsafe) let binding = bindings[index]
            let value = loop.ask { core in
                core.withLoopState(of: binding) { operation.call(state: binding.pointee.state, loopState: $0, values) }
            }
            if let value { results.append(.init(loop: index, value: value)) }
        }
        return results
    }

    private func onWorker(
        _ operation: OperationTable.Operation, _ values: [OperationValue]
    ) throws(OperationFailure) -> OperationValue {
        let reply = Reply<OperationValue>()
        let job = Unmanaged.passRetained(
            OperationJob { [self] in
                reply.set(operation.call(state: state, loopState: nil, values))
            })
        let submission = engine.workers.submit(OperationJob.work, context: job.toOpaque(), label: label) {}
        switch submission {
        case .taken: return reply.wait()
        case .full:
            job.release()
            throw OperationFailure("the queue of the workers is full")
        case .stopping:
            job.release()
            throw OperationFailure("the server is stopping")
        }
    }
}

/// A function as the one pointer that a worker gets.
private final class OperationJob {
    private let body: () -> Void

    init(_ body: @escaping () -> Void) { self.body = body }

    static let work: WorkFunction = { Unmanaged<OperationJob>.fromOpaque($0!).takeRetainedValue().body() }
}

extension OptionRefusal {
    /// As the reason of a call that failed.
    fileprivate var reason: String { path.isEmpty ? message : "\(path): \(message)" }
}
