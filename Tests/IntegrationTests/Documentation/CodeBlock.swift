/// A fenced block of code in a page of the documentation.
///
/// Its first line says what it is: the language, and behind it what becomes of the block in the tests:
///
/// | first line | the test |
/// |---|---|
/// | `sh` | runs it with `sh -e` on a reader's machine: every command must succeed |
/// | `console` | runs the lines that begin with `$ ` and compares what they print |
/// | `sh serves` | starts each line, waits until that server answers, and ends it |
/// | `c NAME`, `swift NAME`, `ini NAME` | writes it to that file; the commands of the page use it |
/// | `swift` | is none of these tests: DocumentationTests compiles it |
/// | `toml listener`, `toml process` | is read as a listener's file, or as `martlet.toml` |
/// | `LANGUAGE norun: REASON` | is not tried, because of the reason |
/// | `text`, `mermaid` | is no code |
///
/// A comment in HTML before the block prepares it and one behind it clears up, both unseen by readers: `<!-- before: COMMANDS -->`
/// and `<!-- after: COMMANDS -->`.
struct CodeBlock: CustomStringConvertible {
    /// Relative to the checkout.
    let page: String
    /// Of the fence, from 1.
    let line: Int
    let language: String
    /// What stands behind the language.
    let words: String
    var text = ""
    var before = ""
    var after = ""

    var description: String { "\(page):\(line)" }

    /// Why it is not tried; nil: it is.
    var reasonNotToRun: String? {
        words.hasPrefix("norun:") ? String(words.dropFirst("norun:".count).drop { $0 == " " }) : nil
    }

    /// The file that it is written to.
    var file: String? {
        ["c", "swift", "ini"].contains(language) && !words.isEmpty && reasonNotToRun == nil ? words : nil
    }
}
