import Glibc
import Testing

/// `docs/abi-reference.md` is generated from the headers. MARTLET_WRITE_DOCS=1 regenerates it.
@Suite struct ReferencePageTests {
    private static let path = "\(checkout)/docs/abi-reference.md"

    @Test func thePageMatchesTheHeaders() throws {
        let expected = ReferencePage(try .today()).text
        if getenv("MARTLET_WRITE_DOCS") != nil { try write(expected, to: Self.path) }
        let (_, found) = try shell("cat '\(Self.path)'")
        #expect(
            found == expected,
            "docs/abi-reference.md is out of date; MARTLET_WRITE_DOCS=1 swift test --filter ReferencePageTests regenerates it"
        )
    }

    @Test func thePageHasEveryMemberWithItsVersionAndThread() throws {
        let header = try ABIHeader.today()
        let page = ReferencePage(header).text
        #expect(ReferencePage.parts.flatMap(\.1).sorted() == header.structures.map(\.name).sorted())
        for structure in header.structures {
            for member in structure.members {
                let version = member.group.version
                if member.isFunction {
                    let entry = page.firstRange(of: "#### \(structure.name).\(member.name)\n").map {
                        page[$0.upperBound...]
                    }
                    let head = try #require(entry, "\(structure.name).\(member.name)").prefix(1_000)
                    #expect(head.contains("\(member.declaration);\n```\n\nSince \(version). ["))
                } else {
                    let line = "| `\(member.declaration)` |" + (structure.isSized ? " \(version) |" : "")
                    #expect(page.contains(line), "\(structure.name).\(member.name)")
                }
            }
        }
        for constant in header.allConstants { #expect(page.contains("| \(constant.name) |"), "\(constant.name)") }
    }
}
