import Glibc
import Testing

/// The root of the checkout.
let checkout = #filePath.split(separator: "/").dropLast(3).reduce("") { $0 + "/" + $1 }

/// Whether a program of this name is on the PATH.
func hasProgram(_ name: String) -> Bool {
    (getenv("PATH").map { String(cString: $0) } ?? "/usr/bin").split(separator: ":")
        .contains { access("\($0)/\(name)", X_OK) == 0 }
}

/// Runs a shell command; returns its status as wait(2) reports it, and its output.
func shell(_ command: String) throws -> (status: Int32, output: String) {
    let pipe = try #require(popen("{ \(command)\n} 2>&1", "r"))
    var output: [UInt8] = []
    var buffer = [UInt8](repeating: 0, count: 4_096)
    while true {
        let count = fread(&buffer, 1, buffer.count, pipe)
        if count == 0 { break }
        output += buffer[..<count]
    }
    return (pclose(pipe), String(decoding: output, as: UTF8.self))
}

/// The folder with the products of this package: they are beside the test bundle.
func buildFolder() throws -> String {
    let bundle = CommandLine.arguments.first { $0.hasSuffix(".xctest") }
    let candidates = [
        bundle.map { $0.split(separator: "/").dropLast().reduce("") { $0 + "/" + $1 } }, checkout + "/.build/debug",
    ]
    return try #require(
        candidates.compactMap { $0 }.first { access($0 + "/martlet", X_OK) == 0 }, "martlet is not built")
}

func write(_ text: String, to path: String) throws {
    let file = try #require(fopen(path, "w"))
    fputs(text, file)
    fclose(file)
}

/// The folder is removed after the body.
func inTemporaryFolder<Result>(_ body: (String) throws -> Result) throws -> Result {
    var template = Array("/tmp/martlet-test-XXXXXX".utf8CString)
    let folder = String(cString: try #require(mkdtemp(&template)))
    defer { _ = try? shell("rm -rf '\(folder)'") }
    return try body(folder)
}
