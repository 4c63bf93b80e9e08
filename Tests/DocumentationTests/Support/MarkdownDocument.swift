/// The Swift code of a Markdown file, as sources that compile.
///
/// All blocks that are marked `swift` make up one source, in their order. A comment before a block changes that; readers do
/// not see it:
///
/// - `<!-- swift: new file -->` starts another source;
/// - `<!-- swift: in HEAD -->` puts the block into `HEAD { … }`, such as `in extension Chat` or `in func test() throws`;
/// - `<!-- swift: not compiled: REASON -->` leaves the block out.
///
/// Every source imports MartletKit, MartletKitTesting and Testing, so that a block need not do so.
struct MarkdownDocument {
    /// A block of code between two fences.
    struct Block: Equatable {
        enum Rule: Equatable {
            case newFile
            case within(String)
            case notCompiled
        }

        var rules: [Rule] = []
        var language: String
        var lines: [String] = []
        /// The number of the first line of code, from 1.
        var line: Int
    }

    struct Problem: Error, CustomStringConvertible {
        let description: String
    }

    /// The path, as errors name it.
    let path: String
    let blocks: [Block]

    init(_ text: String, path: String) throws(Problem) {
        self.path = path
        var blocks: [Block] = []
        var rules: [Block.Rule] = []
        var open: (block: Block, fence: Substring)?
        for (index, line) in text.split(separator: "\n", omittingEmptySubsequences: false).enumerated() {
            let content = line.drop { $0 == " " }
            if let (block, fence) = open {
                if content == fence {
                    blocks.append(block)
                    open = nil
                } else {
                    open?.block.lines.append(String(line))
                }
            } else if content.hasPrefix("```") {
                let fence = content.prefix { $0 == "`" }
                let language = String(content.dropFirst(fence.count).prefix { $0 != " " })
                open = (Block(rules: rules, language: language, line: index + 2), fence)
                rules = []
            } else if content.hasPrefix("<!-- swift: ") {
                rules.append(try Self.rule(content, at: "\(path):\(index + 1)"))
            } else if !content.isEmpty, !rules.isEmpty {
                throw Problem(description: "\(path):\(index + 1): expected a block of code after its rule")
            }
        }
        if let open { throw Problem(description: "\(path):\(open.block.line - 1): a block of code without an end") }
        self.blocks = blocks
    }

    private static func rule(_ line: Substring, at place: String) throws(Problem) -> Block.Rule {
        let text = line.dropFirst("<!-- swift: ".count)
        guard text.hasSuffix(" -->") else { throw Problem(description: "\(place): a rule ends with -->") }
        let rule = text.dropLast(" -->".count)
        if rule == "new file" { return .newFile }
        if rule.hasPrefix("in ") { return .within(String(rule.dropFirst(3))) }
        if rule.hasPrefix("not compiled: ") { return .notCompiled }
        throw Problem(description: "\(place): no such rule: \(rule)")
    }

    /// The sources made from the Swift blocks, with line directives that point into the document.
    var sources: [String] {
        var sources: [String] = []
        for block in blocks where block.language == "swift" && !block.rules.contains(.notCompiled) {
            if sources.isEmpty || block.rules.contains(.newFile) {
                sources.append("import MartletKit\nimport MartletKitTesting\nimport Testing\n")
            }
            sources[sources.count - 1] += source(of: block)
        }
        return sources
    }

    private func source(of block: Block) -> String {
        var source = ""
        var depth = 0
        for case .within(let head) in block.rules {
            source += "\(head) {\n"
            depth += 1
        }
        source += "#sourceLocation(file: \"\(path)\", line: \(block.line))\n"
        source += block.lines.map { $0 + "\n" }.joined()
        return source + "#sourceLocation()\n" + String(repeating: "}\n", count: depth)
    }
}
