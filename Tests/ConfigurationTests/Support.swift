import Glibc
import Testing

@testable import Configuration

/// Reads the text as `plugins.d/http.toml`. Returns the listener, or the text of its problems.
func readListener(
    _ text: String, defaults: ConfigurationTable = ConfigurationTable()
) -> (listener: ListenerConfiguration?, problems: [String]) {
    do throws(ConfigurationError) {
        let document = try ConfigurationDocument(text: text, file: "http.toml", parser: .inProcess)
        let listener = try ListenerConfiguration(
            name: "http", file: "http.toml", folder: "/etc/martlet/plugins.d", document: document, defaults: defaults)
        return (listener, [])
    } catch {
        return (nil, error.diagnostics.map(\.description))
    }
}

func readProcess(
    _ text: String
) throws -> (process: ProcessConfiguration, defaults: ConfigurationTable, problems: [String]) {
    let document = try ConfigurationDocument(text: text, file: "martlet.toml", parser: .inProcess)
    let result = ProcessConfiguration.read(document, file: "martlet.toml", folder: "/etc/martlet")
    return (result.process, result.defaults, result.diagnostics.map(\.description))
}

func tree(_ text: String) throws -> ConfigurationTable {
    try ConfigurationDocument(text: text, file: "test.toml", parser: .inProcess).root
}

/// A folder that is removed after the test.
final class TemporaryFolder {
    let path: String

    init() {
        var template = Array("/tmp/martlet-configuration-XXXXXX".utf8CString)
        path = mkdtemp(&template).map { String(cString: $0) } ?? "/nonexistent"
    }

    func write(_ name: String, _ text: String) {
        write(name, Array(text.utf8))
    }

    func write(_ name: String, _ bytes: [UInt8]) {
        guard let file = fopen(path + "/" + name, "w") else { return }
        fwrite(bytes, 1, bytes.count, file)
        fclose(file)
    }

    deinit {
        for name in (try? FolderListing.names(in: path)) ?? [] {
            unlink(path + "/" + name)
            rmdir(path + "/" + name)
        }
        rmdir(path)
    }
}
