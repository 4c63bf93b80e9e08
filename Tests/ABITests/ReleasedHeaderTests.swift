import Glibc
import Testing

/// What was released stays as it is: the header of each minor version is kept in `Headers`, and today's only adds to it.
@Suite struct ReleasedHeaderTests {
    static let released = ["1.0"]

    private static let today = "\(checkout)/Sources/CMartlet/include"

    private func folder(_ version: String) -> String { "\(checkout)/Tests/ABITests/Headers/\(version)" }

    private func header(in folder: String) throws -> ABIHeader {
        let (status, text) = try shell("cat '\(folder)/martlet.h'")
        try #require(status == 0)
        return ABIHeader(text)
    }

    /// Offset and size of each member that the older header has, and the value of each constant, as a compiler sees them in both.
    @Test(.enabled(if: hasProgram("cc"), "cc is not installed"), arguments: released)
    func everyStructIsAPrefixOfTodays(_ version: String) throws {
        let old = try header(in: folder(version))
        #expect(old.structures.count >= 10, "the header was not understood")
        var program = "#include <stdio.h>\n#include \"martlet.h\"\nint main(void) {\n"
        for structure in old.structures {
            #expect(!structure.members.isEmpty, "\(structure.name)")
            for member in structure.members {
                let (type, name) = (structure.name, member.name)
                program +=
                    "printf(\"\(type).\(name) %zu %zu\\n\", offsetof(\(type), \(name)), sizeof(((\(type) *)0)->\(name)));\n"
            }
        }
        for constant in old.constants where constant.name != "MARTLET_ABI_MINOR" {
            program +=
                constant.isText
                ? "printf(\"\(constant.name) %s\\n\", \(constant.name));\n"
                : "printf(\"\(constant.name) %lld\\n\", (long long)\(constant.name));\n"
        }
        program += "return 0; }\n"
        let (before, now) = (try run(program, folder(version)), try run(program, Self.today))
        #expect(before == now)
        #expect(before.split(separator: "\n").count > 150)
    }

    /// A version whose header is kept is closed: what is new needs the next one.
    @Test(.enabled(if: hasProgram("cc"), "cc is not installed"))
    func theVersionOfTodayIsNotReleasedYet() throws {
        let program =
            "#include <stdio.h>\n#include \"martlet.h\"\nint main(void) { printf(\"%d.%d\", MARTLET_ABI_MAJOR, MARTLET_ABI_MINOR); return 0; }\n"
        let version = try run(program, Self.today)
        guard Self.released.contains(version) else { return }
        let (_, kept) = try shell("cat '\(folder(version))/martlet.h'")
        let (_, today) = try shell("cat '\(Self.today)/martlet.h'")
        #expect(kept == today, "ABI \(version) is released: raise MARTLET_ABI_MINOR")
    }

    private func run(_ program: String, _ include: String) throws -> String {
        var template = Array("/tmp/martlet-header-XXXXXX".utf8CString)
        let folder = String(cString: try #require(mkdtemp(&template)))
        defer { _ = try? shell("rm -rf '\(folder)'") }
        let file = try #require(fopen("\(folder)/program.c", "w"))
        fputs(program, file)
        fclose(file)
        let (status, output) = try shell(
            "cc -std=c11 -w -I'\(include)' -o '\(folder)/program' '\(folder)/program.c' && '\(folder)/program'")
        #expect(status == 0, "\(output)")
        return output
    }
}
