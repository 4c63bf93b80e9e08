import Engine
import Instances
import PluginHost

/// What a runtime does at the moment.
package struct RuntimeReport: Codable, Sendable {
    package var loops: [LoopReport]
    package var workers: WorkersReport
    /// Memory in bytes for input and output that wait, including what is kept for reuse.
    package var bufferBytes: Int
    package var retiredImages: RetiredImageReport
    /// nil: it runs in this process.
    package var process: ProcessReport?

    package init(
        loops: [LoopReport], workers: WorkersReport, bufferBytes: Int, retiredImages: RetiredImageReport
    ) {
        self.loops = loops
        self.workers = workers
        self.bufferBytes = bufferBytes
        self.retiredImages = retiredImages
    }
}

extension RuntimeReport {
    /// What the process of a runtime has published.
    ///
    /// - Parameters:
    ///   - bufferBytes: from its quota.
    ///   - names: of its instances.
    package init(_ pages: PublishedPages, bufferBytes: Int, _ names: Stall.Names) {
        self.init(
            loops: pages.loops.enumerated().map { LoopReport($0, $1, names) }, workers: WorkersReport(pages, names),
            bufferBytes: bufferBytes, retiredImages: RetiredImageReport(pages.engine))
    }
}

extension PublishedPages {
    /// The event loops that do not turn, by index, and what holds each of them up.
    package func stuckLoops(_ names: Stall.Names) -> [Int: String] {
        let stuck = loops.enumerated().filter { $0.element.header.pointee.isStuck }
        return Dictionary(uniqueKeysWithValues: stuck.map { ($0.offset, Stall.text(of: $0.element, names)) })
    }
}

extension LoopReport {
    fileprivate init(_ index: Int, _ page: LoopPage, _ names: Stall.Names) {
        let header = page.header
        self.init(
            index: index, turns: header.pointee.turns.value, pausesAtLimit: header.pointee.pausesAtLimit.value,
            pausesForResources: header.pointee.pausesForResources.value, deliveries: page.deliveryCount,
            stuckIn: header.pointee.isStuck ? Stall.text(of: page, names) : nil)
    }
}

extension WorkersReport {
    fileprivate init(_ pages: PublishedPages, _ names: Stall.Names) {
        let (engine, now) = (pages.engine, MonotonicTime.now().nanoseconds)
        let delays = engine.pointee.delays.quantiles([0.5, 0.99, 1]).map { Double($0) / 1_000 }
        self.init(
            threads: Int(clamping: engine.pointee.threads.value), minimum: Int(clamping: engine.pointee.minimum.value),
            maximum: Int(clamping: engine.pointee.maximum.value), isPaused: engine.pointee.isPaused.value != 0,
            queueLimit: Int(clamping: engine.pointee.queueLimit.value),
            queued: Int(clamping: engine.pointee.queued.value), running: Int(clamping: engine.pointee.running.value),
            submitted: engine.pointee.submitted.value, completed: engine.pointee.completed.value,
            rejected: engine.pointee.rejected.value, delayP50Microseconds: delays[0], delayP99Microseconds: delays[1],
            delayWorstMicroseconds: delays[2],
            jobs: pages.jobs.map { job in
                let name = names(job.label)
                return Job(
                    worker: job.worker, listener: name?.listener ?? "", plugin: name?.plugin ?? "",
                    generation: name?.generation ?? 0, callback: job.kind.name,
                    seconds: now > job.since ? Double(now - job.since) / 1e9 : 0)
            })
    }
}

extension RetiredImageReport {
    fileprivate init(_ engine: UnsafePointer<EngineHeader>) {
        self.init()
        count = Int(clamping: engine.pointee.retiredImages.value)
        fileBytes = engine.pointee.retiredFileBytes.value
        residentBytes = engine.pointee.retiredResidentBytes.value
        ownBytes = engine.pointee.retiredOwnBytes.value
    }

    package func publish(in engine: UnsafePointer<EngineHeader>) {
        engine.pointee.retiredImages.set(UInt64(count))
        engine.pointee.retiredFileBytes.set(fileBytes)
        engine.pointee.retiredResidentBytes.set(residentBytes)
        engine.pointee.retiredOwnBytes.set(ownBytes)
    }
}

/// What one event loop has done.
package struct LoopReport: Codable, Sendable {
    package var index: Int
    package var turns: UInt64
    /// How often accepting paused: at a configured limit, and for lack of descriptors or memory.
    package var pausesAtLimit: UInt64
    package var pausesForResources: UInt64
    /// Plugins' posts and completions that wait for the loop or have a place reserved.
    package var deliveries: Int
    /// Set while the loop is stuck: what it is doing.
    package var stuckIn: String?

    package init(
        index: Int, turns: UInt64, pausesAtLimit: UInt64, pausesForResources: UInt64, deliveries: Int, stuckIn: String?
    ) {
        self.index = index
        self.turns = turns
        self.pausesAtLimit = pausesAtLimit
        self.pausesForResources = pausesForResources
        self.deliveries = deliveries
        self.stuckIn = stuckIn
    }
}

/// How often accepting has paused: at a configured limit, and for lack of descriptors or memory.
package struct AcceptPauses: Sendable {
    package var atLimit: UInt64 = 0
    package var forResources: UInt64 = 0

    package init() {}

    /// Of these pages together.
    package init(_ pages: PublishedPages) {
        for page in pages.loops {
            atLimit += page.header.pointee.pausesAtLimit.value
            forResources += page.header.pointee.pausesForResources.value
        }
    }
}

/// What a runtime has left to do.
package struct RuntimeActivity: Sendable {
    /// Open connections, also those without a session.
    package var connections: Int
    /// Items of the workers that run or wait.
    package var work: Int
    /// Calls of plugins that belong to no connection and have not returned: `create`, `destroy`, operations.
    package var calls: Int

    package init(connections: Int, work: Int, calls: Int) {
        self.connections = connections
        self.work = work
        self.calls = calls
    }

    /// - Parameter connections: from the quota of the process that publishes these pages.
    package init(_ pages: PublishedPages, connections: Int) {
        let engine = pages.engine
        self.init(
            connections: connections,
            work: Int(clamping: engine.pointee.running.value &+ engine.pointee.queued.value),
            calls: Int(clamping: engine.pointee.calls.value))
    }

    package static let none = RuntimeActivity(connections: 0, work: 0, calls: 0)

    package var isNone: Bool { connections + work + calls == 0 }

    package static func + (one: RuntimeActivity, other: RuntimeActivity) -> RuntimeActivity {
        RuntimeActivity(
            connections: one.connections + other.connections, work: one.work + other.work,
            calls: one.calls + other.calls)
    }
}

/// What a command can change about the workers.
package enum WorkersChange: Codable, Sendable {
    case pause, resume
    case resize(minimum: Int, maximum: Int)
}
