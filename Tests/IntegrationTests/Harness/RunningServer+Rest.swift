import Glibc
import Testing

extension RunningServer {
    /// Resident bytes of all its processes that are not pages of files: proc_pid_statm(5). Unlike all resident bytes they do not change
    /// when a process unmaps code that it does not need, or maps it again.
    var ownBytes: UInt64 {
        get throws {
            try [process.pid, host].reduce(0) { sum, pid in
                let fields = try Files.text("/proc/\(pid)/statm").split(separator: " ").compactMap { UInt64($0) }
                guard fields.count >= 3 else { throw Failure("/proc/\(pid)/statm: \(fields.count) fields") }
                return sum + (fields[1] - min(fields[2], fields[1])) * UInt64(sysconf(Int32(_SC_PAGESIZE)))
            }
        }
    }

    /// Processor time of all its processes.
    private var processorSeconds: Double {
        get throws { try [process.pid, host].reduce(0) { try $0 + Processes.processorSeconds(of: $1) } }
    }

    /// Checks for one second that nothing spins, whatever is waiting: no event loop turns more than a few hundred times, and no thread is
    /// busy all the time.
    ///
    /// A loop that spins turns a hundred times as often, even on a slow machine, and a thread that spins uses all the time it gets.
    func expectRest(sourceLocation: SourceLocation = #_sourceLocation) throws {
        let turns = try status().loops.map(\.turns)
        let before = try processorSeconds
        let (_, time) = measure { observe(for: .seconds(1)) }
        let used = try processorSeconds - before
        let later = try status().loops.map(\.turns)
        let seconds = time / .seconds(1)
        for (before, after) in zip(turns, later) {
            #expect(
                Double(after - before) < 300 * seconds, "\(after - before) turns in \(time)",
                sourceLocation: sourceLocation)
        }
        #expect(used < 0.3 * seconds, "\(used) s of processor time in \(time)", sourceLocation: sourceLocation)
    }
}
