import Engine
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
package struct RuntimeActivity: Codable, Sendable {
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
