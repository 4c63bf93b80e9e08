import Configuration
import Glibc
import Instances
import PluginHost

/// A folder of plugins and listeners, inspected without a server.
package struct PluginFolder: Sendable {
    private let directory: String

    package init(_ directory: String) { self.directory = directory }

    /// Absolute paths of the shared libraries in the folder, sorted.
    package var libraries: [String] {
        guard let folder = opendir(directory), let base = realpath(directory, nil) else { return [] }
        defer {
            closedir(folder)
            free(base)
        }
        var names: [String] = []
        while let entry = readdir(folder) {
            let name = withUnsafePointer(to: &entry.pointee.d_name) {
                $0.withMemoryRebound(to: CChar.self, capacity: 256) { String(cString: $0) }
            }
            if name.hasSuffix(".so"), !name.hasPrefix(".") { names.append(name) }
        }
        return names.sorted().map { "\(String(cString: base))/\($0)" }
    }

    /// Makes all checks of a start or a reload, except binding addresses. Instances are created in the probe.
    package func check(processFile: ConfigurationFolder.ProcessFile, loader: ImageLoader) -> FolderCheck {
        let loading = FolderLoading(
            directory: directory, processFile: processFile, looksForOthers: geteuid() == 0)
        let loaded = loading.load()
        let preparation = ReloadPreparation(loaded, loader: loader)
        return FolderCheck(
            listeners: loaded.listeners, trust: loaded.trust,
            prepared: preparation.listeners.filter { $0.creationRefusal == nil },
            refusals: preparation.refusals + preparation.listeners.compactMap(\.creationRefusal),
            notes: loading.notes(loaded) + preparation.listeners.compactMap(\.creationNote))
    }

    /// The rows that `martlet plugins` shows without a server.
    package func rows(processFile: ConfigurationFolder.ProcessFile, loader: ImageLoader) -> [PluginRow] {
        let check = check(processFile: processFile, loader: loader)
        var rows: [PluginRow] = []
        for listener in check.listeners {
            let refusal = check.refusals.first { $0.listener == listener.name }
            rows.append(row(listener, refusal, loader, check.trust))
        }
        let named = Set(check.listeners.map(\.name))
        for refusal in check.refusals where !named.contains(refusal.listener) {
            rows.append(row(unread: refusal))
        }
        let used = Set(rows.map(\.file))
        for file in libraries where !used.contains(file) {
            rows.append(row(unused: file, loader, check.trust))
        }
        return rows
    }

    private func row(
        _ listener: ListenerConfiguration, _ refusal: ListenerRefusal?, _ loader: ImageLoader, _ trust: PluginTrust
    ) -> PluginRow {
        var described: (image: StagedImage, plugin: PluginDescription)?
        var note = refusal?.diagnostics.map(\.description).joined(separator: "; ") ?? ""
        do throws(ImageRefusal) {
            described = try loader.describe(listener.plugin, trust: trust)
        } catch {
            if note.isEmpty { note = error.reason }
        }
        let isReady = refusal == nil && described != nil
        let state: PluginRow.State = !listener.enabled ? .disabled : isReady ? .ready : .refused
        return PluginRow(
            name: described?.plugin.name ?? "", version: described?.plugin.version ?? "",
            abi: described?.plugin.abi ?? "", file: listener.plugin,
            hash: described?.image.hash ?? ImageStore.hash(of: listener.plugin) ?? "", listener: listener.name,
            state: state, note: note)
    }

    /// The row of a configuration file, or a folder, that is refused as a whole.
    private func row(unread refusal: ListenerRefusal) -> PluginRow {
        PluginRow(
            name: "", version: "", abi: "", file: refusal.diagnostics.first?.file ?? directory, hash: "",
            listener: refusal.listener, state: .refused,
            note: refusal.diagnostics.map(\.description).joined(separator: "; "))
    }

    private func row(unused file: String, _ loader: ImageLoader, _ trust: PluginTrust) -> PluginRow {
        do {
            let (image, plugin) = try loader.describe(file, trust: trust)
            return PluginRow(
                name: plugin.name, version: plugin.version, abi: plugin.abi, file: file, hash: image.hash,
                state: .unused, note: "no listener names this file")
        } catch {
            return PluginRow(
                name: "", version: "", abi: "", file: file, hash: ImageStore.hash(of: file) ?? "", state: .refused,
                note: error.reason)
        }
    }
}

/// What `martlet config check` found.
package struct FolderCheck: Sendable {
    package let listeners: [ListenerConfiguration]
    package let trust: PluginTrust
    package let prepared: [PreparedListener]
    package let refusals: [ListenerRefusal]
    /// Remarks that refuse nothing, such as what could not be checked.
    package let notes: [Diagnostic]
}
