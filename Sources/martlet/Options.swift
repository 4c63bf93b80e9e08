import ArgumentParser
import Configuration
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

    func processFile(for directory: String) -> ConfigurationFolder.ProcessFile {
        if let file { return .required(file) }
        let parent = directory.split(separator: "/", omittingEmptySubsequences: false).dropLast().joined(separator: "/")
        let isTop = !directory.contains("/")
        return .ifPresent(isTop ? "martlet.toml" : parent + "/martlet.toml")
    }
}

/// Which running server is meant.
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

    /// Asks the server, or ends the program with a message.
    func ask(_ request: ControlRequest) throws -> ControlAnswer { try ask(ControlQuestion(request)) }

    func ask(_ question: ControlQuestion) throws -> ControlAnswer {
        do {
            return try ControlClient(path: socketPath()).ask(question)
        } catch let problem as ControlClient.Problem {
            printError(problem.description)
            throw problem.isAbsent ? ExitStatus.noServer : ExitStatus.refused
        }
    }

    private func socketPath() throws -> String {
        if let control { return control }
        let loaded = ConfigurationFolder.load(
            directory: "/nonexistent", processFile: process.processFile(for: "plugins.d"))
        if !loaded.process.controlSocket.isEmpty { return loaded.process.controlSocket }
        return RuntimeDirectory(configured: loaded.process.runtimeDirectory).controlSocket
    }
}

/// Looks at plugins without a server: images are copied to a folder that is gone afterwards.
func withImageLoader<Result>(_ body: (ImageLoader) throws -> Result) throws -> Result {
    let folder = try TemporaryFolder()
    defer { folder.remove() }
    return try body(ImageLoader(store: ImageStore(directory: folder.path), probe: ImageProbe()))
}
