import Glibc
import Testing

/// The plugin ABI is what a C compiler makes of martlet.h: these tests ask one.
@Suite struct HeaderTests {
    static let root = #filePath.split(separator: "/").dropLast(3).reduce("") { $0 + "/" + $1 }

    /// Runs a shell command; returns its status and what it wrote.
    private func shell(_ command: String) throws -> (status: Int32, output: String) {
        let pipe = try #require(popen(command + " 2>&1", "r"))
        var output: [UInt8] = []
        var buffer = [UInt8](repeating: 0, count: 4_096)
        while true {
            let count = fread(&buffer, 1, buffer.count, pipe)
            if count == 0 { break }
            output += buffer[..<count]
        }
        return (pclose(pipe), String(decoding: output, as: UTF8.self))
    }

    @Test(arguments: [
        "cc -x c -std=c11", "cc -x c -std=c17", "c++ -x c++ -std=c++17", "clang -x c -std=c11", "clang -x c -std=c17",
        "clang++ -x c++ -std=c++17",
    ])
    func compilesWithoutAWarning(compiler: String) throws {
        let (status, output) = try shell(
            "echo '#include \"martlet.h\"' | \(compiler) -Wall -Wextra -pedantic -Werror -fsyntax-only "
                + "-I\(Self.root)/Sources/CMartlet/include -")
        #expect(status == 0, "\(compiler): \(output)")
    }

    /// Sizes and offsets of every struct, against the file of the released ABI. A line that changes breaks plugins that
    /// exist: only lines may be added, at the end of a struct.
    @Test func theLayoutIsTheReleasedOne() throws {
        let folder = "\(Self.root)/Tests/ABITests"
        let program = "/tmp/martlet-layout-\(getpid())"
        defer { unlink(program) }
        let (status, output) = try shell(
            "cc -std=c11 -I\(Self.root)/Sources/CMartlet/include \(folder)/layout.c -o \(program) && \(program)")
        #expect(status == 0, "\(output)")
        let (_, golden) = try shell("cat \(folder)/layout.golden")
        #expect(output == golden)
    }

    @Test(arguments: ["Echo", "HTTP", "Binary"])
    func aPluginExportsOneSymbol(name: String) throws {
        let library = try Self.builtProduct("lib\(name)Plugin.so")
        let (status, output) = try shell("nm -D --defined-only --extern-only '\(library)' | awk '{print $3}'")
        #expect(status == 0, "\(output)")
        #expect(output == "martlet_plugin_entry\n")
    }

    /// Products lie beside the test bundle.
    static func builtProduct(_ name: String) throws -> String {
        var buffer = [CChar](repeating: 0, count: 4_096)
        let count = readlink("/proc/self/exe", &buffer, buffer.count)
        let executable = String(decoding: buffer[..<max(count, 0)].map { UInt8(bitPattern: $0) }, as: UTF8.self)
        var candidates = [executable.split(separator: "/").dropLast().reduce("") { $0 + "/" + $1 } + "/" + name]
        // The runner of Swift's toolchain loads the bundle, whose path is among its arguments.
        candidates += CommandLine.arguments.filter { $0.hasSuffix(".xctest") }
            .map { $0.split(separator: "/").dropLast().reduce("") { $0 + "/" + $1 } + "/" + name }
        candidates.append("\(root)/.build/debug/\(name)")
        return try #require(candidates.first { access($0, R_OK) == 0 }, "\(name) is not built")
    }
}
