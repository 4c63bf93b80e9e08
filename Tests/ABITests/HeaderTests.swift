import Glibc
import Testing

/// C and C++ compilers accept the headers, without warnings.
@Suite struct HeaderTests {
    @Test(.enabled(if: hasProgram("cc"), "cc is not installed"), arguments: ["c11", "c17"])
    func ccCompilesThemWithoutAWarning(standard: String) throws { try compile("cc -x c -std=\(standard)") }

    @Test(.enabled(if: hasProgram("c++"), "c++ is not installed"), arguments: ["c++11", "c++17"])
    func cPlusPlusCompilesThemWithoutAWarning(standard: String) throws { try compile("c++ -x c++ -std=\(standard)") }

    @Test(.enabled(if: hasProgram("clang"), "clang is not installed"), arguments: ["c11", "c17"])
    func clangCompilesThemWithoutAWarning(standard: String) throws { try compile("clang -x c -std=\(standard)") }

    @Test(.enabled(if: hasProgram("clang++"), "clang++ is not installed"), arguments: ["c++11", "c++17"])
    func clangPlusPlusCompilesThemWithoutAWarning(standard: String) throws {
        try compile("clang++ -x c++ -std=\(standard)")
    }

    /// Compiles martlet.h, martlet-for-swift.h and each other header, each included twice.
    private func compile(_ compiler: String) throws {
        for file in ["martlet.h", "martlet_simulation.h", "martlet-for-swift.h"] + (try ABIHeader.files()) {
            let (status, output) = try shell(
                "printf '#include \"%s\"\\n' '\(file)' '\(file)' | \(compiler) -Wall -Wextra -pedantic -Werror "
                    + "-fsyntax-only -I'\(ABIHeader.folder)' -")
            #expect(status == 0, "\(compiler) \(file): \(output)")
        }
    }

    /// Clang checks the marks: it refuses NULL for a pointer without MARTLET_NULLABLE.
    @Test(.enabled(if: hasProgram("clang"), "clang is not installed"))
    func clangRefusesNullForAPointerThatIsNotNullable() throws {
        let call = { (argument: String) in
            "#include <martlet.h>\nvoid f(const martlet_host *h, martlet_connection *c) { h->\(argument); }\n"
        }
        for (statement, isFine) in [("write(c, NULL, 0)", true), ("id(NULL)", false), ("peer(c, NULL)", false)] {
            let (status, _) = try inTemporaryFolder { folder in
                try write(call(statement), to: "\(folder)/call.c")
                return try shell("clang -std=c17 -Werror -fsyntax-only -I'\(ABIHeader.folder)' '\(folder)/call.c'")
            }
            #expect((status == 0) == isFine, "\(statement)")
        }
    }

    @Test(.enabled(if: hasProgram("nm"), "nm is not installed"), arguments: ["Echo", "HTTP", "Binary", "Chat"])
    func aPluginExportsOneSymbol(name: String) throws {
        let library = "\(try buildFolder())/lib\(name)Plugin.so"
        let (status, output) = try shell("nm -D --defined-only --extern-only '\(library)' | awk '{print $3}'")
        #expect(status == 0, "\(output)")
        #expect(output == "martlet_plugin_entry\n")
    }
}
