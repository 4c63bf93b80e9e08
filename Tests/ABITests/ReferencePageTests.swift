import Glibc
import Testing

/// `docs/abi-reference.md` is made from `martlet.h`. MARTLET_WRITE_DOCS=1 writes it anew.
@Suite struct ReferencePageTests {
    private static let page = "\(checkout)/docs/abi-reference.md"

    @Test func thePageIsWhatTheHeaderSays() throws {
        let (_, text) = try shell("cat '\(checkout)/Sources/CMartlet/include/martlet.h'")
        let versions = try ReleasedHeaderTests.released.map { version in
            (version, ABIHeader(try shell("cat '\(checkout)/Tests/ABITests/Headers/\(version)/martlet.h'").output))
        }
        let expected = ReferencePage(ABIHeader(text), released: versions).text
        if getenv("MARTLET_WRITE_DOCS") != nil {
            let file = try #require(fopen(Self.page, "w"))
            fputs(expected, file)
            fclose(file)
        }
        let (_, found) = try shell("cat '\(Self.page)'")
        #expect(
            found == expected,
            "docs/abi-reference.md is out of date; MARTLET_WRITE_DOCS=1 swift test --filter ReferencePageTests writes it anew"
        )
        #expect(
            expected.split(separator: "\n").filter { $0.hasPrefix("### ") }.count > 45, "every function has a heading")
    }
}

/// The functions of the ABI in the order of the header.
private struct ReferencePage {
    private let header: ABIHeader
    private let released: [(version: String, header: ABIHeader)]

    init(_ header: ABIHeader, released: [(String, ABIHeader)]) {
        self.header = header
        self.released = released
    }

    /// Structs of functions, and what they are.
    private static let tables = [
        ("martlet_plugin", "What a plugin gives the host"),
        ("martlet_session_state", "Plugin extension `martlet.session-state/1`"),
        ("martlet_operations", "Plugin extension `martlet.operations/1`"),
        ("martlet_host", "What the host gives a plugin"),
        ("martlet_host_info", "Host extension `martlet.host-info/1`"),
    ]

    var text: String {
        var text = """
            # The functions of the plugin ABI

            Made from `Sources/CMartlet/include/martlet.h` by a test; [abi.md](abi.md) explains the terms. `[control]`, `[loop]`,
            `[worker]` and `[any]` say on which thread a function runs, or from which it may be called.


            """
        for (name, title) in Self.tables {
            guard let structure = header.structures.first(where: { $0.name == name }) else { continue }
            text += "## \(title)\n\n`\(name)`\(structure.comment.isEmpty ? "" : ": " + structure.comment)\n\n"
            var group = ""
            for member in structure.members where member.isFunction {
                if member.group != group {
                    group = member.group
                    if !group.isEmpty { text += "**\(group.prefix(1).uppercased() + group.dropFirst())**\n\n" }
                }
                text += "### \(member.name)\n\n```text\n\(member.declaration);\n```\n\n"
                if !member.comment.isEmpty { text += member.comment + "\n\n" }
                if let version = since(name, member.name) { text += "Since \(version).\n\n" }
            }
        }
        text += "## Functions that are passed around\n\n"
        for type in header.functionTypes {
            text += "### \(type.name)\n\n```text\n\(type.declaration)\n```\n\n\(type.comment)\n\n"
        }
        return String(text.dropLast())
    }

    /// nil: it was there from the first.
    private func since(_ structure: String, _ member: String) -> String? {
        let first = released.first { entry in
            entry.header.structures.first { $0.name == structure }?.members.contains { $0.name == member } ?? false
        }
        guard let first else {
            return released.last.map { "ABI 1.\((Int($0.version.split(separator: ".")[1]) ?? 0) + 1)" }
        }
        return first.version == released.first?.version ? nil : "ABI \(first.version)"
    }
}
