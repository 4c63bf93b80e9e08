/// Loads `plugins.d` and `martlet.toml`.
package enum ConfigurationFolder {
    package enum ProcessFile: Sendable, Equatable {
        /// The built-in values.
        case none
        /// The built-in values when there is no such file.
        case ifPresent(String)
        case required(String)

        var path: String? {
            switch self {
            case .none: nil
            case .ifPresent(let path), .required(let path): path
            }
        }
    }

    /// Never fails: what is wrong is in the diagnostics, and the good listeners are returned all the same.
    /// Does file I/O, so not for an event loop.
    ///
    /// - Parameters:
    ///   - directory: `plugins.d`; nil for the process file alone.
    ///   - previous: the load before, whose parsed files are taken over when their text is the same.
    ///   - check: may refuse each folder and file; nil takes all.
    package static func load(
        directory: String?, processFile: ProcessFile, previous: LoadedConfiguration? = nil,
        check: AdmissionCheck? = nil
    ) -> LoadedConfiguration {
        var loader = ConfigurationLoader(previous: previous?.documents ?? [:], check: check)
        let (process, defaults) = loader.loadProcess(processFile)
        let trust = loader.diagnostics.isEmpty ? PluginTrust(process.trustedKeys) : .unknown
        let listeners = directory.map { loader.loadListeners($0, defaults: defaults) } ?? []
        return LoadedConfiguration(
            process: process, processFile: processFile.path, trust: trust, listeners: listeners,
            diagnostics: loader.diagnostics, defaults: defaults,
            documents: loader.documents)
    }
}
