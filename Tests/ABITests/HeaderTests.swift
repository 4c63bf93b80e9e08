import Glibc
import Testing

/// The plugin ABI is what a C compiler makes of martlet.h: these tests ask one.
@Suite struct HeaderTests {
    @Test(.enabled(if: hasProgram("cc"), "cc is not installed"), arguments: ["c11", "c17"])
    func ccCompilesItWithoutAWarning(standard: String) throws { try compile("cc -x c -std=\(standard)") }

    @Test(.enabled(if: hasProgram("c++"), "c++ is not installed"))
    func cPlusPlusCompilesItWithoutAWarning() throws { try compile("c++ -x c++ -std=c++17") }

    @Test(.enabled(if: hasProgram("clang"), "clang is not installed"), arguments: ["c11", "c17"])
    func clangCompilesItWithoutAWarning(standard: String) throws { try compile("clang -x c -std=\(standard)") }

    @Test(.enabled(if: hasProgram("clang++"), "clang++ is not installed"))
    func clangPlusPlusCompilesItWithoutAWarning() throws { try compile("clang++ -x c++ -std=c++17") }

    private func compile(_ compiler: String) throws {
        let (status, output) = try shell(
            "echo '#include \"martlet.h\"' | \(compiler) -Wall -Wextra -pedantic -Werror -fsyntax-only "
                + "-I\(checkout)/Sources/CMartlet/include -")
        #expect(status == 0, "\(compiler): \(output)")
    }

    /// Sizes and offsets of every struct, against the file of the released ABI. A line that changes breaks plugins that
    /// exist: only lines may be added, at the end of a struct.
    @Test(.enabled(if: hasProgram("cc"), "cc is not installed"))
    func theLayoutIsTheReleasedOne() throws {
        let folder = "\(checkout)/Tests/ABITests"
        let program = "/tmp/martlet-layout-\(getpid())"
        defer { unlink(program) }
        let (status, output) = try shell(
            "cc -std=c11 -I\(checkout)/Sources/CMartlet/include \(folder)/layout.c -o \(program) && \(program)")
        #expect(status == 0, "\(output)")
        let (_, golden) = try shell("cat \(folder)/layout.golden")
        #expect(output == golden)
    }

    @Test(.enabled(if: hasProgram("nm"), "nm is not installed"), arguments: ["Echo", "HTTP", "Binary"])
    func aPluginExportsOneSymbol(name: String) throws {
        let library = "\(try buildFolder())/lib\(name)Plugin.so"
        let (status, output) = try shell("nm -D --defined-only --extern-only '\(library)' | awk '{print $3}'")
        #expect(status == 0, "\(output)")
        #expect(output == "martlet_plugin_entry\n")
    }
}
