import Configuration
import Glibc
import Testing

/// docs/operating.md names the keys of `martlet.toml` that need a restart. All others change live.
@Suite struct LiveKeyTests {
    /// A value other than the default for each key outside `[defaults]`.
    static let changes = [
        "loops": "2", "workers": "8", "workers_min": "2", "worker_growth_delay": "\"6ms\"",
        "worker_idle_timeout": "\"31s\"", "worker_warning": "\"31s\"", "worker_queue": "9", "loop_queue": "64",
        "loop_timeout": "\"6s\"", "plugin_timeout": "\"29s\"", "max_connections": "1000",
        "max_buffer_memory": "\"256MiB\"", "shutdown_timeout": "\"5s\"", "runtime_directory": "\"elsewhere\"",
        "state_directory": "\"elsewhere too\"",
        "control_socket": "\"elsewhere.sock\"", "metrics_listen": "\"127.0.0.1:0\"", "probe_timeout": "\"6s\"",
        "probe_memory": "\"2GiB\"", "log_level": "\"debug\"", "log_format": "\"json\"",
        "log_file": "\"elsewhere.log\"", "cpu_affinity": "[0]", "memory_limit": "\"10GiB\"", "process_limit": "100000",
        "orphan_timeout": "\"1s\"", "max_retired_images": "9",
        "user": "\"\(geteuid())\"", "group": "\"\(getegid())\"",
    ]

    @Test func thePageNamesTheKeysThatNeedARestart() throws {
        let keys = ConfigurationReference.entries.filter { $0.file == .process && $0.table.isEmpty }.map(\.key)
        // With trusted_keys set, the echo plugin would need a signature.
        #expect(Set(keys) == Set(Self.changes.keys).union(["trusted_keys"]))

        let server = try RunningServer.echo(process: "loops = 1")
        let text = Self.changes.map { "\($0.key) = \($0.value)\n" }.joined()
        try Files.replace(server.folder.processFile, with: Array(text.utf8), mode: 0o644)
        let receipt = try server.reload()

        let page = try Page("docs/operating.md").prose
        let start = try #require(page.firstRange(of: "its keys change live but for"))
        let sentence = page[start.upperBound...].prefix { $0 != "." }
        let named = sentence.split(separator: "`").enumerated().filter { $0.offset % 2 == 1 }.map { String($0.element) }
        #expect(named.sorted() == receipt.needsRestart.sorted())
    }
}
