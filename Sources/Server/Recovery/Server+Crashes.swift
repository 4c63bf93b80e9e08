import Configuration
import FoundationEssentials
import HostInterface
import Logging
import PluginHost

extension CrashReport {
    /// For the log.
    var metadata: Logger.Metadata {
        let fields: [(String, String?)] = [
            ("listener", listener), ("plugin", plugin), ("version", version), ("callback", callback),
            ("generation", generation.map { "\($0)" }), ("thread", thread.isEmpty ? nil : thread),
        ]
        return Dictionary(uniqueKeysWithValues: fields.compactMap { key, value in value.map { (key, "\($0)") } })
    }
}

/// Reports of crashes.
extension Server {
    /// The report of a runtime's end, without its number and its backtrace. On the control thread.
    func report(of end: RuntimeEnd, _ suspect: MadeInstance?) -> CrashReport {
        let recipe = suspect?.recipe
        return CrashReport(
            number: 0, time: Date().formatted(.iso8601), cause: end.cause, listener: suspect?.instance.listener,
            plugin: recipe?.plugin.name, version: recipe?.plugin.version, hash: recipe?.image.hash,
            generation: suspect?.instance.generation, callback: end.callbacks.first?.kind.name,
            thread: end.crash?.thread ?? "", backtrace: [])
    }

    /// Finds the functions and keeps the report, on a thread of its own: files of plugins may be large.
    func keep(_ report: CrashReport, of end: RuntimeEnd) {
        guard let store = state.crashes else { return }
        crashReports.run { [self] in
            var report = report
            report.backtrace = backtrace(of: end)
            do throws(FileProblem) {
                let number = try store.add(report)
                logger.notice("the crash is reported: martlet crashes show \(number)")
            } catch {
                logger.error("the report of the crash is lost: \(error)")
            }
        }
    }

    private func backtrace(of end: RuntimeEnd) -> [CrashReport.Frame] {
        var tables: [String: SymbolTable?] = [:]
        return (end.crash?.addresses ?? []).enumerated().map { index, address in
            guard let object = end.objects.first(where: { $0.start <= address && address < $0.end }) else {
                return CrashReport.Frame(address: address, object: "")
            }
            let path = originalPath(of: object)
            let table = tables[path] ?? SymbolTable(of: path)
            tables[path] = table
            let place = address &- object.base
            // A return address may be the first one after its function: look for the call.
            let found = table?.function(at: index == 0 ? place : place &- 1)
            return CrashReport.Frame(
                address: place, object: object.path.isEmpty ? "martlet" : path, function: found?.name,
                offset: found.map { $0.offset &+ (index == 0 ? 0 : 1) })
        }
    }

    /// The complete file of a private copy, which has no symbols.
    private func originalPath(of object: MappedObject) -> String {
        if object.path.isEmpty { return settings.executable }
        let prefix = loader.store.directory + "/"
        guard object.path.hasPrefix(prefix), object.path.hasSuffix(".so"), let originals = loader.store.originals else {
            return object.path
        }
        return originals.path(of: String(object.path.dropFirst(prefix.count).dropLast(3)))
    }
}
