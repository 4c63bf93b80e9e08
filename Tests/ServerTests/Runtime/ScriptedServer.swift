import Configuration
import FoundationEssentials
import Glibc
import Testing
import Threads

@testable import Instances
@testable import PluginHost
@testable import Server

/// A server with a scripted runtime: all of the control side, without plugins and peers.
final class ScriptedServer {
    let runtime = ScriptedRuntime()
    let server: Server
    private let folder: String

    init() throws {
        var template = Array("/tmp/martlet-test-XXXXXX".utf8CString)
        folder = String(cString: try #require(mkdtemp(&template)))
        let text = """
            runtime_directory = "\(folder)/run"
            state_directory = "\(folder)/state"
            log_level = "critical"
            loops = 1

            """
        mkdir("\(folder)/plugins.d", 0o700)
        let file = try #require(fopen("\(folder)/martlet.toml", "w"))
        fputs(text, file)
        fclose(file)
        var settings = ServerSettings(
            pluginsDirectory: "\(folder)/plugins.d", processFile: .required("\(folder)/martlet.toml")
        ) { [runtime] _ in runtime }
        settings.parser = .inProcess
        server = try Server(settings)
    }

    deinit {
        _ = server.shutDown()
        try? FileManager.default.removeItem(atPath: folder)
    }

    /// Reloads as if the folder had these files, whose plugins all have this content.
    func reload(_ files: [String: String], hash: String) throws -> Receipt {
        let loaded = server.settings.loading.load()
        var preparation = ReloadPreparation(loaded, loader: server.loader)
        preparation.listeners = try files.map { name, text in
            PreparedListener(
                configuration: try loaded.listener(
                    name, text: "plugin = 'x.so'\n\(text)", file: "\(name).toml", folder: folder),
                image: StagedImage(hash: hash, path: "", signer: nil), plugin: Self.plugin, options: .table([]),
                exercise: .switchedOff, security: nil, certificates: [])
        }
        return server.control.ask { [server, preparation] in
            ReloadTransaction(server: server, preparation: preparation, ReloadRequest(allowEmpty: true)).run()
        }
    }

    /// Where the new connections of a listener go: "1", or "1, 2" during a trial.
    func serving(_ name: String) -> String {
        server.control.ask { [server] in
            server.listeners[name]?.serving.map { "\($0.instance.generation)" }.joined(separator: ", ") ?? "none"
        }
    }

    /// The content that gets a listener's new connections.
    func hash(of name: String) -> String? {
        server.control.ask { [server] in server.listeners[name]?.current.recipe.image.hash }
    }

    private static let plugin = PluginDescription(
        name: "scripted", version: "1", summary: "", example: "", abi: "1.0", threads: .both, unloadable: false,
        isForStreams: true, options: [], extensions: [], requiredExtensions: [])
}

/// Waits for a condition, for at most ten seconds.
func waits(for condition: () -> Bool) -> Bool {
    let deadline = Deadline.after(milliseconds: 10_000)
    while !condition() {
        if deadline.isOver { return false }
        poll(nil, 0, 5)
    }
    return true
}
