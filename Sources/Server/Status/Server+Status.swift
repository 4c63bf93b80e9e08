import CLinux
import ConfiguredInstances
import Glibc
import HostInterface
import Instances
import PluginHost

/// Answers questions from the command line.
extension Server {
    func answer(_ question: ControlQuestion) -> ControlAnswer {
        var answer = ControlAnswer()
        switch question.request {
        case .status: answer.status = status()
        case .plugins: answer.plugins = pluginRows()
        case .reload: answer.receipt = reload(question.reloadRequest)
        case .rollback:
            let name = question.listener ?? ""
            answer.receipt = onControl(&answer) { [self] in rollback(name) }
        case .forgive:
            let hash = question.hash ?? ""
            answer.forgiven = onControl(&answer) { [self] in forgive(hash) }
        case .generations: answer.generations = generations()
        case .workers:
            change(question.workers)
            answer.workers = runtime.report.workers
        case .call: call(question, &answer)
        }
        return answer
    }

    /// How long a question waits for the control thread, which may be in the middle of a reload.
    static let controlPatienceMilliseconds: UInt64 = 60_000

    private func onControl<Answer: Sendable>(
        _ answer: inout ControlAnswer, _ body: @escaping @Sendable () -> Answer
    ) -> Answer? {
        let found = control.ask(by: .after(milliseconds: Self.controlPatienceMilliseconds), body)
        if found == nil { answer.error = "the server is busy with another change; see: martlet status" }
        return found
    }

    package func status() -> StatusReport {
        let snapshot = snapshot
        let listeners = snapshot.listeners.map(describe)
        let report = runtime.report
        return StatusReport(
            version: Version.current, pid: getpid(), uptimeSeconds: milliseconds(since: started) / 1_000,
            pluginsDirectory: settings.pluginsDirectory,
            loops: report.loops, workers: report.workers, connectionLimit: snapshot.connectionLimit,
            bufferBytes: report.bufferBytes,
            totals: listeners.reduce(ConnectionCounts()) { $0 + $1.counts },
            residentBytes: linux_resident_bytes(), retiredImages: report.retiredImages,
            fileDescriptors: openDescriptors(), fileDescriptorLimit: descriptorLimit(),
            logLinesDropped: log.sink.dropped, listeners: listeners, reloads: snapshot.receipts,
            reloadResults: Dictionary(uniqueKeysWithValues: snapshot.results.map { ($0.key.rawValue, $0.value) }),
            sessionMoves: snapshot.sessionMoves)
    }

    private static let workerLimit = 1_024

    private func change(_ workers: WorkersChange?) {
        switch workers {
        case .pause:
            runtime.change(.pause)
            logger.notice("workers paused")
        case .resume:
            runtime.change(.resume)
            logger.notice("workers resumed")
        case .resize(let least, let most):
            // The command line and the process file enforce the same bounds, but other programs can ask too.
            let maximum = min(max(most, 1), Self.workerLimit)
            let minimum = min(max(least, 0), maximum)
            runtime.change(.resize(minimum: minimum, maximum: maximum))
            logger.notice("workers resized", metadata: ["minimum": "\(minimum)", "maximum": "\(maximum)"])
        case nil: break
        }
    }

    private func describe(_ listener: ServerSnapshot.Listener) -> StatusReport.Listener {
        let (plugin, instance) = (listener.current.recipe.plugin, listener.current.instance)
        let generations = listener.generations.map { describe($0, isCurrent: $0.instance === instance) }
        return StatusReport.Listener(
            name: listener.configuration.name, file: listener.configuration.file,
            plugin: plugin.name, version: plugin.version, hash: listener.current.recipe.image.hash,
            state: listener.isStopping ? .stopping : instance.isRefusing ? .refusing : .running,
            addresses: listener.endpoints.map(\.address), endpoints: listener.endpoints,
            example: plugin.example, generations: generations, counts: listener.counts,
            metrics: listener.runtime.metrics)
    }

    private func describe(_ generation: ServerSnapshot.Generation, isCurrent: Bool) -> StatusReport.Generation {
        StatusReport.Generation(
            generation: generation.instance.generation, version: generation.recipe.plugin.version,
            hash: generation.recipe.image.hash, connections: generation.instance.counts.open, isCurrent: isCurrent)
    }

    /// All live generations, and the files in the folder that none of them runs.
    func pluginRows() -> [PluginRow] {
        let listeners = snapshot.listeners
        let held = Dictionary(uniqueKeysWithValues: listeners.map { ($0.name, $0.heldBack) })
        var rows = listeners.flatMap { listener in
            listener.generations.reversed().map { row(listener, $0) }
        }
        let trials = Set(rows.filter { $0.state == .trial }.map(\.listener))
        for index in rows.indices where rows[index].state == .trial || rows[index].state == .running {
            // During a trial, compare the generation on trial.
            if rows[index].state == .trial || !trials.contains(rows[index].listener) {
                compareWithDisk(&rows[index], held[rows[index].listener] ?? nil)
            }
        }
        let used = Set(rows.map(\.file))
        return rows
            + PluginFolder(settings.pluginsDirectory).libraries.filter { !used.contains($0) }.map { file in
                PluginRow(
                    name: "", version: "", abi: "", file: file, hash: ImageStore.hash(of: file) ?? "", state: .unused,
                    note: "no listener names this file")
            }
    }

    private func row(_ listener: ServerSnapshot.Listener, _ generation: ServerSnapshot.Generation) -> PluginRow {
        let (plugin, instance) = (generation.recipe.plugin, generation.instance)
        let state: PluginRow.State =
            listener.retired.contains { $0.instance === instance }
            ? .retiring : instance === listener.current.instance ? .running : .trial
        return PluginRow(
            name: plugin.name, version: plugin.version, abi: plugin.abi, file: listener.configuration.plugin,
            hash: generation.recipe.image.hash, listener: listener.configuration.name, generation: instance.generation,
            connections: instance.counts.open, state: state)
    }

    private func compareWithDisk(_ row: inout PluginRow, _ held: HeldBack?) {
        guard let hash = ImageStore.hash(of: row.file) else {
            row.state = .missing
            row.note = "the file is gone or cannot be read"
            return
        }
        guard hash != row.hash else { return }
        if row.state == .running { row.state = .outdated }
        row.note =
            held?.state.hash == hash
            ? "the file on disk is \(hash.prefix(12)), which is held back; to run it: martlet plugins forgive "
                + "\(hash.prefix(12)), then reload"
            : "the file on disk is \(hash.prefix(12)); reload to run it"
    }

    func openDescriptors() -> Int {
        let told = Int(linux_open_descriptors())
        return told >= 0 ? told : descriptorCount.value(countDescriptors)
    }

    /// For kernels that do not report the count. Takes milliseconds with many connections.
    private func countDescriptors() -> Int {
        guard let folder = opendir("/proc/self/fd") else { return 0 }
        defer { closedir(folder) }
        var count = 0
        while readdir(folder) != nil { count += 1 }
        // Do not count ".", ".." and the descriptor of this folder.
        return max(count - 3, 0)
    }

    private func descriptorLimit() -> UInt64 {
        var limit = rlimit()
        getrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit)
        return UInt64(limit.rlim_cur)
    }
}
