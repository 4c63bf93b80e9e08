import Testing

@Suite struct MarkdownDocumentTests {
    @Test func blocksOfADocumentAreOneSource() throws {
        let document = try MarkdownDocument(
            """
            # Title
            ```swift One.swift
            let one = 1
            ```
            ```sh
            make
            ```
            <!-- swift: in func f() -->

            ```swift
            print(one)
            ```
            <!-- swift: new file -->
            ```swift
            let two = 2
            ```
            <!-- swift: not compiled: it is no Swift -->
            ```swift
            two two
            ```
            """, path: "a.md")
        #expect(document.blocks.map(\.language) == ["swift", "sh", "swift", "swift", "swift"])
        let header = "import MartletKit\nimport MartletKitTesting\nimport Testing\n"
        func code(_ line: Int, _ text: String) -> String {
            "#sourceLocation(file: \"a.md\", line: \(line))\n\(text)\n#sourceLocation()\n"
        }
        #expect(
            document.sources == [
                header + code(3, "let one = 1") + "func f() {\n" + code(11, "print(one)") + "}\n",
                header + code(15, "let two = 2"),
            ])
    }

    @Test(arguments: [
        ("<!-- swift: odd -->", "a.md:1: no such rule: odd"),
        ("```swift\nlet a = 1", "a.md:1: a block of code without an end"),
        ("<!-- swift: new file -->\ntext", "a.md:2: expected a block of code after its rule"),
    ])
    func anInvalidRuleIsNamed(_ text: String, _ problem: String) {
        do throws(MarkdownDocument.Problem) {
            _ = try MarkdownDocument(text, path: "a.md")
            Issue.record("expected an error")
        } catch {
            #expect(error.description == problem)
        }
    }

    /// The errors of the compiler name the line of the document.
    @Test func anErrorPointsIntoTheDocument() throws {
        try inTemporaryFolder { folder in
            let document = try MarkdownDocument("text\n\n```swift\nlet a: Int = \"\"\n```", path: "docs/a.md")
            try write(document.sources[0], to: folder + "/a.swift")
            #expect(try Compiler().check([folder + "/a.swift"]).contains("docs/a.md:4:14: error"))
        }
    }
}
