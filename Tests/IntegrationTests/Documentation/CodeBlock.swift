/// A fenced block of code in a page of the documentation.
///
/// The first line names the language and, after it, what the tests do with the block:
///
/// | first line | what the tests do |
/// |---|---|
/// | `sh` | run it with `sh -e` on a `ReadersMachine`: every command must succeed |
/// | `console` | run the lines that begin with `$ ` and compare their output |
/// | `sh serves` | start each line, wait until that server answers, and stop it |
/// | `c NAME`, `swift NAME`, `ini NAME` | write it to that file, which the page's commands use |
/// | `swift` | nothing here: DocumentationTests compiles it |
/// | `toml listener`, `toml process` | check it as a listener's file, or as `martlet.toml` |
/// | `LANGUAGE norun: REASON` | nothing, for the given reason |
/// | `text`, `mermaid` | nothing: it is not code |
///
/// An HTML comment before the block can prepare for it and one after it can clean up: `<!-- before: COMMANDS -->` and
/// `<!-- after: COMMANDS -->`. Readers see neither.
struct CodeBlock: CustomStringConvertible {
    /// Relative to the checkout.
    let page: String
    /// The line of the opening fence, counted from 1.
    let line: Int
    let language: String
    /// The rest of the first line, after the language.
    let words: String
    var text = ""
    var before = ""
    var after = ""

    var description: String { "\(page):\(line)" }

    /// Why the tests skip the block; nil: they do not.
    var reasonNotToRun: String? {
        words.hasPrefix("norun:") ? String(words.dropFirst("norun:".count).drop { $0 == " " }) : nil
    }

    /// The file that the block is written to.
    var file: String? {
        ["c", "swift", "ini"].contains(language) && !words.isEmpty && reasonNotToRun == nil ? words : nil
    }
}
