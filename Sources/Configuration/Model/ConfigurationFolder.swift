/// Loads `plugins.d` and `martlet.toml`.
package enum ConfigurationFolder {
    package enum ProcessFile: Sendable, Equatable {
        /// The built-in values.
        case none
        /// The built-in values when there is no such file.
        case ifPresent(String)
        case required(String)
    }

    /// Never fails: what is wrong is in the diagnostics, and the good listeners are returned all the same.
    /// Does file I/O, so not for an event loop.
    ///
    /// - Parameter previous: the load before, whose parsed files are taken over when their text is the same.
    package static func load(
        directory: String, processFile: ProcessFile, previous: LoadedConfiguration? = nil
    ) -> LoadedConfiguration {
        var loader = ConfigurationLoader(previous: previous?.documents ?? [:])
        let (process, defaults) = loader.loadProcess(processFile)
        let listeners = loader.loadListeners(directory, defaults: defaults)
        return LoadedConfiguration(
            process: process, listeners: listeners, diagnostics: loader.diagnostics, documents: loader.documents)
    }
}
