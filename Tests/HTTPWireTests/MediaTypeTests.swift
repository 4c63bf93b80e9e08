import HTTPWire
import Testing

@Suite struct MediaTypeTests {
    private func type(_ path: String) -> String { MediaType.forFile(named: Array(path.utf8).span.bytes).description }

    @Test(arguments: [
        ("index.html", "text/html; charset=utf-8"), ("a/b/INDEX.HTML", "text/html; charset=utf-8"),
        ("a.b/x.css", "text/css; charset=utf-8"),
        ("x.min.js", "text/javascript; charset=utf-8"), ("x.json", "application/json"), ("x.svg", "image/svg+xml"),
        ("x.jpg", "image/jpeg"), ("x.JPeG", "image/jpeg"), ("x.woff2", "font/woff2"), ("x.wasm", "application/wasm"),
        ("x.txt", "text/plain; charset=utf-8"), ("x.tar.gz", "application/gzip"), ("x.mp4", "video/mp4"),
        ("x.7z", "application/x-7z-compressed"),
        ("site.webmanifest", "application/manifest+json"), ("x.ogg", "audio/ogg"),
    ])
    func usesTheExtension(path: String, expected: String) {
        #expect(type(path) == expected)
    }

    @Test(arguments: [
        "", ".", "x", "x.", "html", ".html", "a/.html", "a.html/x", "x.htmlx", "x.xhtm", "x.unknown",
        "x.aaaaaaaaaaaaaaaaaaaaaaaa",
        "x.ht\u{0}ml", "x.html ", "x.@tml", "/", "x.\u{E9}",
    ])
    func returnsOctetStreamForTheRest(path: String) {
        #expect(type(path) == "application/octet-stream")
    }
}
