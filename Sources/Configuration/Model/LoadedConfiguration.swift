/// The result of one load: what is valid, and the problems of what is not.
package struct LoadedConfiguration: Sendable {
    /// With the built-in value in place of each bad one.
    package var process: ProcessConfiguration
    /// The path that the process file was read from, or would have been; nil when no file was asked for.
    package var processFile: String?
    package var trust: PluginTrust
    /// The valid listeners, sorted by name. A file whose listener is missing here has a diagnostic.
    package var listeners: [ListenerConfiguration]
    package var diagnostics: [Diagnostic]
    /// `[defaults]`, validated.
    var defaults: ConfigurationTable
    /// By file. The next load takes over what did not change.
    var documents: [String: ConfigurationDocument]
    /// The parser of this load, for texts that are read later.
    package var parser: TOMLParser

    package var isValid: Bool { diagnostics.isEmpty }

    /// A problem of the process file that is found later, at its place if the file has the key.
    package func processDiagnostic(key: String, message: String) -> Diagnostic {
        let path = ConfigurationKey(parsing: key)
        let file = processFile ?? "the process configuration"
        guard let document = documents[file], case .key(let name)? = path.components.first, document.root[name] != nil
        else { return Diagnostic(file: file, key: path, message: message) }
        return Diagnostic(
            file: file, position: document.root.position(of: path), key: path, message: message)
    }

    /// Reads a listener from a text that is in no file as if it were in one, with the `[defaults]` of this load.
    ///
    /// - Parameters:
    ///   - file: for messages.
    ///   - folder: what relative paths are relative to.
    package func listener(
        _ name: String, text: String, file: String, folder: String
    ) throws(ConfigurationError) -> ListenerConfiguration {
        try ListenerConfiguration(
            name: name, file: file, folder: folder,
            document: ConfigurationDocument(text: text, file: file, parser: parser), defaults: defaults)
    }
}
