/// The result of one load: whatever is good, and everything that is not.
package struct LoadedConfiguration: Sendable {
    /// With the built-in value in place of each bad one.
    package var process: ProcessConfiguration
    /// The path it was read from, or would have been; nil when none was asked for.
    package var processFile: String?
    package var trust: PluginTrust
    /// The good listeners, by name. One that is missing here and has a file has a diagnostic.
    package var listeners: [ListenerConfiguration]
    package var diagnostics: [Diagnostic]
    /// By file, for the next load to take over what did not change. (TOMLKit never frees what it parsed.)
    var documents: [String: ConfigurationDocument]

    package var isValid: Bool { diagnostics.isEmpty }
}
