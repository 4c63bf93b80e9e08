import CLinux
import Engine
import Glibc
import PluginHost

/// Answers to the command line.
extension Server {
    func answer(_ question: ControlQuestion) -> ControlAnswer {
        var answer = ControlAnswer()
        switch question.request {
        case .status: answer.status = status()
        case .plugins: answer.plugins = pluginRows()
        case .reload: answer.receipt = reload(question.reloadRequest)
        case .rollback:
            let name = question.listener ?? ""
            answer.receipt = control.ask { [self] in rollback(name) }
        case .forgive:
            let hash = question.hash ?? ""
            answer.forgiven = control.ask { [self] in forgive(hash) }
        case .generations: answer.generations = generations()
        case .workers:
            change(question.workers)
            answer.workers = workersReport()
        case .call: call(question, &answer)
        }
        return answer
    }

    package func status() -> StatusReport {
        let shares = control.ask { [self] in
            let listeners = listeners.values.sorted { $0.configuration.name < $1.configuration.name }.map(describe)
            return (
                listeners: listeners, receipts: receipts, results: results, limit: process.maximumConnections,
                moves: sessionMoves
            )
        }
        return StatusReport(
            version: Version.current, pid: getpid(), uptimeSeconds: Clock.milliseconds(since: started) / 1_000,
            pluginsDirectory: settings.pluginsDirectory,
            loops: engine.loops.map {
                StatusReport.Loop(
                    index: $0.index, turns: $0.core.pointee.turns.value,
                    pausesAtLimit: $0.core.pointee.pausesAtLimit.value,
                    pausesForResources: $0.core.pointee.pausesForResources.value)
            },
            workers: workersReport(),
            connectionLimit: shares.limit, bufferBytes: engine.memory.count,
            totals: shares.listeners.reduce(ConnectionCounts()) { $0 + $1.counts },
            residentBytes: linux_resident_bytes(), retiredImages: loader.retiredImages,
            fileDescriptors: openDescriptors(),
            fileDescriptorLimit: descriptorLimit(), listeners: shares.listeners, reloads: shares.receipts.map { $0 },
            reloadResults: Dictionary(uniqueKeysWithValues: shares.results.map { ($0.key.rawValue, $0.value) }),
            sessionMoves: shares.moves)
    }

    private func workersReport() -> WorkersReport {
        let (counts, now) = (engine.workers.counts, MonotonicTime.now().nanoseconds)
        let delays = engine.workers.queueDelays(at: [50, 99, 100]).map { Double($0) / 1_000 }
        return WorkersReport(
            threads: counts.threads, minimum: counts.minimum, maximum: counts.maximum, isPaused: counts.isPaused,
            queueLimit: engine.workers.queueLimit, queued: counts.queued, running: counts.running,
            submitted: counts.submitted, completed: counts.completed, rejected: counts.rejected,
            delayP50Microseconds: delays[0], delayP99Microseconds: delays[1], delayWorstMicroseconds: delays[2],
            jobs: engine.workers.runningItems.sorted { $0.since < $1.since }.map { item in
                let label = InstanceLabels.shared[item.label]
                return WorkersReport.Job(
                    worker: item.worker, listener: label?.listener ?? "", plugin: label?.plugin ?? "",
                    generation: label?.generation ?? 0, callback: item.kind.name,
                    seconds: now > item.since ? Double(now - item.since) / 1e9 : 0)
            })
    }

    private func change(_ workers: ControlQuestion.Workers?) {
        switch workers {
        case .pause:
            engine.workers.pause()
            logger.notice("workers paused")
        case .resume:
            engine.workers.resume()
            logger.notice("workers go on")
        case .resize(let minimum, let maximum):
            engine.workers.resize(minimum: minimum, maximum: maximum)
            logger.notice("workers resized", metadata: ["minimum": "\(minimum)", "maximum": "\(maximum)"])
        case nil: break
        }
    }

    private func describe(_ listener: RunningListener) -> StatusReport.Listener {
        let image = listener.current.instance.image
        let generations = listener.instances.map { describe($0, isCurrent: $0 === listener.current.instance) }
        return StatusReport.Listener(
            name: listener.configuration.name, file: listener.configuration.file,
            plugin: image.description.name, version: image.description.version, hash: image.hash,
            state: listener.isStopping ? .stopping : listener.current.instance.isRefusing ? .refusing : .running,
            addresses: listener.addresses.values.map { "\($0.group.address)" }.sorted(),
            example: image.description.example, generations: generations, counts: listener.counts,
            metrics: listener.registry.all.map {
                StatusReport.Metric(name: $0.name, kind: $0.kind.rawValue, help: $0.help, value: $0.value)
            })
    }

    private func describe(_ instance: PluginInstance, isCurrent: Bool) -> StatusReport.Generation {
        StatusReport.Generation(
            generation: instance.generation, version: instance.image.description.version, hash: instance.image.hash,
            connections: instance.counts.open, isCurrent: isCurrent)
    }

    /// Every generation that runs, and the files of the folder that none of them runs.
    func pluginRows() -> [PluginRow] {
        var rows = control.ask { [self] in
            listeners.values.sorted { $0.name < $1.name }.flatMap { listener in
                listener.instances.reversed().map { row(listener, $0) }
            }
        }
        let trials = Set(rows.filter { $0.state == .trial }.map(\.listener))
        for index in rows.indices where rows[index].state == .trial || rows[index].state == .running {
            // While another generation is on trial, that is the one to compare.
            if rows[index].state == .trial || !trials.contains(rows[index].listener) { compareWithDisk(&rows[index]) }
        }
        let used = Set(rows.map(\.file))
        return rows
            + PluginFolder(settings.pluginsDirectory).libraries.filter { !used.contains($0) }.map { file in
                PluginRow(
                    name: "", version: "", abi: "", file: file, hash: ImageStore.hash(of: file) ?? "", state: .unused,
                    note: "no listener names this file")
            }
    }

    private func row(_ listener: RunningListener, _ instance: PluginInstance) -> PluginRow {
        let state: PluginRow.State =
            listener.retired.contains { $0 === instance }
            ? .retiring : instance === listener.current.instance ? .running : .trial
        let plugin = instance.image.description
        return PluginRow(
            name: plugin.name, version: plugin.version, abi: plugin.abi, file: listener.configuration.plugin,
            hash: instance.image.hash, listener: listener.configuration.name, generation: instance.generation,
            connections: instance.counts.open, state: state)
    }

    private func compareWithDisk(_ row: inout PluginRow) {
        guard let hash = ImageStore.hash(of: row.file) else {
            row.state = .missing
            row.note = "the file is gone or cannot be read"
            return
        }
        guard hash != row.hash else { return }
        if row.state == .running { row.state = .outdated }
        row.note = "the file on disk is \(hash.prefix(12)); reload to run it"
    }

    private func openDescriptors() -> Int {
        guard let folder = opendir("/proc/self/fd") else { return 0 }
        defer { closedir(folder) }
        var count = 0
        while readdir(folder) != nil { count += 1 }
        // Not ".", ".." and the one of this folder.
        return max(count - 3, 0)
    }

    private func descriptorLimit() -> UInt64 {
        var limit = rlimit()
        getrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit)
        return UInt64(limit.rlim_cur)
    }
}
