import Server

/// Versions of this repository's plugins: the same code with different bytes after the end of the ELF file. The options of the http
/// plugin also name the version.
extension ServerFolder {
    func install(_ plugin: String, version: Int) throws {
        let tail = withUnsafeBytes(of: version.littleEndian) { Array($0) }
        try install(BuildFolder.plugin(plugin), as: plugin + ".so", appending: tail)
    }

    func serveEcho(version: Int) throws {
        try install("EchoPlugin", version: version)
        try listen("echo", plugin: "EchoPlugin.so")
    }

    /// Every answer to `/` names the version, and `/echo` sends request bodies back.
    func serveHTTP(version: Int) throws {
        try install("HTTPPlugin", version: version)
        try listen(
            "http", plugin: "HTTPPlugin.so",
            """
            [options]
            server = "v\(version)"
            [[options.routes]]
            path = "/"
            text = "version \(version)"
            [[options.routes]]
            path = "/echo"
            echo = true
            """)
    }

    func serveBinary(version: Int, _ options: String = "") throws {
        try install("BinaryPlugin", version: version)
        try listen("binary", plugin: "BinaryPlugin.so", "[limits]\nmax_input = \"2MiB\"\n[options]\n\(options)")
    }
}
