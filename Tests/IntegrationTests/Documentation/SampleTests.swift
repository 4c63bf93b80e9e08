import Glibc
import Testing

/// The samples in `plugins.d`.
@Suite struct SampleTests {
    /// The comments of `http.toml` say which lines to uncomment.
    @Test func theSampleServesAFolderOnceItsLinesAreUncommented() throws {
        let sample = try Files.text(BuildFolder.package + "/plugins.d/http.toml")
        let folder = try ServerFolder()
        let site = folder.path + "/site"
        #expect(mkdir(site, 0o755) == 0)
        try Files.replace(site + "/index.html", with: Array("<h1>there</h1>".utf8))
        let lines = sample.split(separator: "\n").map { line -> String in
            var text = String(line)
            if text.wholeMatch(of: #/#(\[\[|[a-z_]+ =).*/#) != nil { text.removeFirst() }
            if text.hasPrefix("listen =") { return "listen = \"127.0.0.1:0\"" }
            return text.hasPrefix("root =") ? "root = \"\(site)\"" : text
        }
        #expect(lines.contains { $0.hasPrefix("root =") } && lines.contains("[[options.routes]]"))
        try folder.install(BuildFolder.plugin("HTTPPlugin"), as: "http.so")
        try Files.replace(
            folder.file("http.toml"), with: Array((lines.joined(separator: "\n") + "\n").utf8), mode: 0o644)
        let server = try RunningServer(folder)
        let answer = try HTTPPeer(server.address(of: "http")).get("/")
        #expect(answer.text == "<h1>there</h1>")
        #expect(answer.fields["cache-control"] == "max-age=3600")
    }
}
