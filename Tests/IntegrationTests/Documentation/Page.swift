/// A page of the documentation, split into blocks and prose.
struct Page {
    /// Relative to the checkout.
    let path: String
    private(set) var blocks: [CodeBlock] = []
    /// Everything except the blocks.
    private(set) var prose = ""

    /// All pages for users and contributors.
    static func all() throws -> [Page] {
        let roots = Files.names(in: BuildFolder.package).filter { $0.hasSuffix(".md") }
        let docs = Files.names(in: BuildFolder.package + "/docs").filter { $0.hasSuffix(".md") }.map { "docs/" + $0 }
        return try (roots + docs + ["Benchmarks/README.md"]).map(Page.init)
    }

    init(_ path: String) throws {
        try self.init(path, text: Files.text("\(BuildFolder.package)/\(path)"))
    }

    init(_ path: String, text: String) throws {
        self.path = path
        var open: CodeBlock?
        var comment: String?
        var before = ""
        for (index, line) in text.split(separator: "\n", omittingEmptySubsequences: false).enumerated() {
            if var block = open {
                if line == "```" {
                    blocks.append(block)
                    open = nil
                } else {
                    block.text += line + "\n"
                    open = block
                }
            } else if line.hasPrefix("```") {
                let words = line.dropFirst(3).split(separator: " ", maxSplits: 1).map(String.init)
                open = CodeBlock(
                    page: path, line: index + 1, language: words.first ?? "", words: words.count > 1 ? words[1] : "",
                    before: before)
                before = ""
            } else {
                prose += line + "\n"
                comment = Self.comment(comment, line)
                guard let whole = comment, whole.hasSuffix("-->") else { continue }
                comment = nil
                Self.take(whole, "before", &before)
                if !blocks.isEmpty { Self.take(whole, "after", &blocks[blocks.count - 1].after) }
            }
        }
        if let open { throw Failure("\(open): the block has no end") }
    }

    /// The comment up to and including this line, if the line begins or continues one.
    private static func comment(_ begun: String?, _ line: Substring) -> String? {
        if let begun { return begun + "\n" + line }
        return line.hasPrefix("<!--") ? String(line) : nil
    }

    private static func take(_ comment: String, _ name: String, _ text: inout String) {
        let head = "<!-- \(name):"
        guard comment.hasPrefix(head) else { return }
        text = String(comment.dropFirst(head.count).dropLast("-->".count))
    }

    /// The words between single backquotes.
    var inlineCode: [String] {
        prose.split(separator: "\n").flatMap { line in
            line.split(separator: "`", omittingEmptySubsequences: false).enumerated()
                .filter { $0.offset % 2 == 1 }.map { String($0.element) }
        }
    }

    /// The targets of its links.
    var links: [String] {
        prose.split(separator: "](").dropFirst().map { String($0.prefix { $0 != ")" }) }
    }
}
