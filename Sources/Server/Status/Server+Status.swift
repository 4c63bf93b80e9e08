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
        case .processes: answer.processes = processRows
        case .renew:
            let name = question.host ?? shared.name
            let result = onControl(&answer) { [self] in
                Result { () throws(RenewalProblem) in try renew(name) }
            }
            switch result {
            case .success(let report)?: answer.renewal = report
            case .failure(let problem)?: answer.error = "\(problem)"
            case nil: break
            }
        case .generations: answer.generations = generations()
        case .connections: listConnections(question, &answer)
        case .workers:
            let name = question.host ?? shared.name
            guard let host = hosts.first(where: { $0.name == name }) else {
                answer.error = "\(name): there is no such host; see: martlet processes"
                return answer
            }
            change(question.workers, of: host)
            answer.workers = host.runtime.report.workers
        case .databases: showDatabases(question, &answer)
        case .users: askUsers(question, &answer)
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
        let hosts = hosts.map { StatusReport.Host($0.name, $0.runtime.report) }
        let own = ProcessReport(getpid(), logLinesDropped: log.sink.dropped)
        let processes = hosts.compactMap(\.report.process)
        // Connections are descriptors of hosts.
        let fullest = processes.max { $0.fileDescriptors < $1.fileDescriptors } ?? own
        return StatusReport(
            version: Version.current, pid: getpid(), uptimeSeconds: milliseconds(since: started) / 1_000,
            pluginsDirectory: settings.pluginsDirectory,
            connectionLimit: snapshot.connectionLimit,
            totals: listeners.reduce(ConnectionCounts()) { $0 + $1.counts },
            residentBytes: processes.reduce(own.residentBytes) { $0 + $1.residentBytes },
            fileDescriptors: fullest.fileDescriptors, fileDescriptorLimit: fullest.fileDescriptorLimit,
            logLinesDropped: processes.reduce(own.logLinesDropped) { $0 + $1.logLinesDropped }, hosts: hosts,
            databases: snapshot.hasDatabases ? databaseRows : [], listeners: listeners,
            reloads: snapshot.receipts,
            reloadResults: Dictionary(uniqueKeysWithValues: snapshot.results.map { ($0.key.rawValue, $0.value) }),
            sessionMoves: snapshot.sessionMoves, succession: snapshot.succession)
    }

    private static let workerLimit = 1_024

    private func change(_ workers: WorkersChange?, of host: RunningHost) {
        let runtime = host.runtime
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
            name: listener.configuration.name, host: listener.host.name, file: listener.configuration.file,
            plugin: plugin.name, version: plugin.version, hash: listener.current.recipe.image.hash,
            state: listener.isStopping ? .stopping : instance.isRefusing ? .refusing : .running,
            addresses: listener.endpoints.map(\.address), endpoints: listener.endpoints,
            certificates: (listener.candidate ?? listener.current).recipe.certificates, example: plugin.example,
            generations: generations, counts: listener.counts,
            metrics: MetricReport.all(in: listener.runtime.metrics))
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
}
