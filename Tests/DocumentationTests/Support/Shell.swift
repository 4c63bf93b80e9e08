import Glibc
import Testing

/// The root of the checkout.
let checkout = #filePath.split(separator: "/").dropLast(4).reduce("") { $0 + "/" + $1 }

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

/// The text of a file of the checkout.
func text(of path: String) throws -> String {
    let (status, text) = try shell("cat '\(checkout)/\(path)'")
    #expect(status == 0, "\(text)")
    return text
}

/// Runs the body with a folder that is removed afterwards.
func inTemporaryFolder(_ body: (String) throws -> Void) throws {
    var template = Array("/tmp/martlet-test-XXXXXX".utf8CString)
    let folder = String(cString: try #require(mkdtemp(&template)))
    defer { _ = try? shell("rm -rf '\(folder)'") }
    try body(folder)
}

func write(_ text: String, to path: String) throws {
    let file = try #require(fopen(path, "w"))
    defer { fclose(file) }
    #expect(fputs(text, file) >= 0)
}
