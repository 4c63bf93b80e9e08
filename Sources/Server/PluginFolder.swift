import Configuration
import Glibc
import PluginHost

/// A folder of plugins and listeners, looked at without a server.
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

    /// Everything that a start or a reload would check, short of creating instances and binding addresses.
    package func check(processFile: ConfigurationFolder.ProcessFile, loader: ImageLoader) -> FolderCheck {
        let loaded = ConfigurationFolder.load(directory: directory, processFile: processFile)
        let preparation = ReloadPreparation(loaded, loader: loader)
        return FolderCheck(
            listeners: loaded.listeners, prepared: preparation.listeners, refusals: preparation.refusals)
    }

    /// The rows of `martlet plugins` without a server.
    package func rows(processFile: ConfigurationFolder.ProcessFile, loader: ImageLoader) -> [PluginRow] {
        let check = check(processFile: processFile, loader: loader)
        var rows: [PluginRow] = []
        for listener in check.listeners {
            let refusal = check.refusals.first { $0.listener == listener.name }
            rows.append(row(listener, refusal, loader))
        }
        let used = Set(rows.map(\.file))
        for file in libraries where !used.contains(file) {
            rows.append(row(unused: file, loader))
        }
        return rows
    }

    private func row(
        _ listener: ListenerConfiguration, _ refusal: ListenerRefusal?, _ loader: ImageLoader
    ) -> PluginRow {
        let described = try? loader.describe(listener.plugin)
        let state: PluginRow.State = refusal != nil ? .refused : listener.enabled ? .ready : .disabled
        return PluginRow(
            name: described?.1.name ?? "", version: described?.1.version ?? "", abi: described?.1.abi ?? "",
            file: listener.plugin, hash: described?.0.hash ?? ImageStore.hash(of: listener.plugin) ?? "",
            listener: listener.name, state: state,
            note: refusal?.diagnostics.map(\.description).joined(separator: "; ") ?? "")
    }

    private func row(unused file: String, _ loader: ImageLoader) -> PluginRow {
        do {
            let (image, plugin) = try loader.describe(file)
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
    package let prepared: [PreparedListener]
    package let refusals: [ListenerRefusal]
}
