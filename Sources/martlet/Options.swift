import ArgumentParser
import Configuration
import Instances
import PluginHost
import Server

/// Where the process configuration is.
struct ProcessFileOption: ParsableArguments {
    @Option(
        name: .customLong("config"),
        help: ArgumentHelp(
            "The process configuration.",
            discussion: "Default: martlet.toml beside the plugins folder, if there is one.", valueName: "file"))
    var file: String?

    /// The plugins that the process configuration trusts. Exits with a message when the configuration has a problem.
    ///
    /// - Parameter plugin: the path of a plugin, in the plugins folder.
    func trust(for plugin: String) throws -> PluginTrust {
        let folder = plugin.lastIndex(of: "/").map { String(plugin[..<$0]) } ?? "."
        let loaded = ConfigurationFolder.load(
            directory: nil, processFile: processFile(for: folder), parser: .child(), check: FileGuard.problem)
        for diagnostic in loaded.diagnostics { printError(diagnostic.description) }
        guard loaded.isValid else { throw ExitStatus.refused }
        return loaded.trust
    }

    func processFile(for directory: String) -> ConfigurationFolder.ProcessFile {
        if let file { return .required(file) }
        // "plugins.d/" means "plugins.d": a trailing slash must not hide the file that lists trusted_keys.
        var parts = directory.split(separator: "/", omittingEmptySubsequences: false)
        while parts.count > 1, parts.last == "" { parts.removeLast() }
        if parts.last == "." || parts.last == ".." { parts += ["..", ""] }
        parts[parts.count - 1] = "martlet.toml"
        return .ifPresent(parts.joined(separator: "/"))
    }
}

/// Selects the running server.
struct ServerOptions: ParsableArguments {
    @Option(
        help: ArgumentHelp(
            "The control socket of the server.",
            discussion: "Default: the one that --config names, else /run/martlet/control.sock for root, else "
                + "$XDG_RUNTIME_DIR/martlet/control.sock.",
            valueName: "path"))
    var control: String?

    @OptionGroup var process: ProcessFileOption

    @Flag(help: "Print JSON for machines.")
    var json = false

    /// Asks the server. Exits with a message on failure.
    func ask(_ request: ControlRequest) throws -> ControlAnswer { try ask(ControlQuestion(request)) }

    /// - Parameter beforeMessage: makes room for the message on a terminal.
    func ask(_ question: ControlQuestion, beforeMessage: () -> Void = {}) throws -> ControlAnswer {
        do {
            return try ControlClient(path: socketPath()).ask(question)
        } catch let problem as ControlClient.Problem {
            beforeMessage()
            printError(problem.description)
            throw problem.isAbsent ? ExitStatus.noServer : ExitStatus.refused
        }
    }

    /// Nil when no server runs.
    func askIfPresent(_ question: ControlQuestion) throws -> ControlAnswer? {
        do {
            return try ControlClient(path: socketPath()).ask(question)
        } catch let problem as ControlClient.Problem where problem.isAbsent {
            return nil
        } catch let problem as ControlClient.Problem {
            printError(problem.description)
            throw ExitStatus.refused
        }
    }

    /// The configuration in `martlet.toml`. Exits with a message when it has a problem.
    func checkedConfiguration() throws -> ProcessConfiguration {
        let loaded = configuration
        for diagnostic in loaded.diagnostics { printError(diagnostic.description) }
        guard loaded.isValid else { throw ExitStatus.refused }
        return loaded.process
    }

    private var configuration: LoadedConfiguration {
        ConfigurationFolder.load(
            directory: nil, processFile: process.processFile(for: "plugins.d"), parser: .child())
    }

    private func socketPath() throws -> String {
        if let control { return control }
        let configuration = configuration.process
        if !configuration.controlSocket.isEmpty { return configuration.controlSocket }
        return RuntimeDirectory(configured: configuration.runtimeDirectory).controlSocket
    }
}

/// Inspects plugins without a server. Images are copied to a folder that is removed afterwards.
func withImageLoader<Result>(_ body: (ImageLoader) throws -> Result) throws -> Result {
    let folder = try TemporaryFolder()
    defer { folder.remove() }
    return try body(ImageLoader(store: ImageStore(directory: folder.path), probe: ImageProbe()))
}
