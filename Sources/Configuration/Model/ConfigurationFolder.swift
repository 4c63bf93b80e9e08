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

    /// Never fails: problems are in the diagnostics, and the good listeners are returned anyway. Does file I/O, so it must not
    /// run on an event loop.
    ///
    /// - Parameters:
    ///   - directory: `plugins.d`; nil for the process file alone.
    ///   - previous: the load before. Its parsed files are taken over when their text is the same.
    ///   - parser: parses the files that have changed.
    ///   - check: may refuse a folder or file; nil accepts all.
    package static func load(
        directory: String?, processFile: ProcessFile, previous: LoadedConfiguration? = nil,
        parser: TOMLParser, check: AdmissionCheck? = nil
    ) -> LoadedConfiguration {
        var loader = ConfigurationLoader(
            processFile, directory: directory, previous: previous?.documents ?? [:], check: check, parser: parser)
        let (process, defaults) = loader.loadProcess()
        let trust = loader.diagnostics.isEmpty ? PluginTrust(process.trustedKeys) : .unknown
        let listeners = loader.loadListeners(defaults: defaults)
        return LoadedConfiguration(
            process: process, processFile: processFile.path, trust: trust, listeners: listeners,
            diagnostics: loader.diagnostics, defaults: defaults, documents: loader.documents, parser: parser)
    }
}
