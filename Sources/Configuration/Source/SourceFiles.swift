/// The files of one load. All are read, and those that have changed are parsed together, because parsing takes a process.
struct SourceFiles {
    enum Content {
        case document(ConfigurationDocument)
        case missing(String)
        case refused(ConfigurationError)
    }

    private var contents: [String: Content] = [:]

    /// - Parameter previous: documents that are taken over when their text is the same.
    init(
        _ files: [String], previous: [String: ConfigurationDocument], check: AdmissionCheck?, parser: TOMLParser
    ) {
        var texts: [TOMLParser.Text] = []
        for file in files {
            do throws(SourceFile.Problem) {
                let bytes = try SourceFile.read(file, check: check)
                if let known = previous[file], known.text.utf8.elementsEqual(bytes) {
                    contents[file] = .document(known)
                    continue
                }
                do throws(ConfigurationError) {
                    texts.append(
                        TOMLParser.Text(file: file, text: try ConfigurationDocument.text(of: bytes, file: file)))
                } catch {
                    contents[file] = .refused(error)
                }
            } catch {
                switch error {
                case .missing(let message): contents[file] = .missing(message)
                case .unusable(let message):
                    contents[file] = .refused(ConfigurationError([Diagnostic(file: file, message: message)]))
                }
            }
        }
        for (text, outcome) in zip(texts, parser.parse(texts)) {
            do throws(ConfigurationError) {
                contents[text.file] = .document(ConfigurationDocument(text: text.text, root: try outcome.get()))
            } catch {
                contents[text.file] = .refused(error)
            }
        }
    }

    /// Precondition: the file was passed to `init`.
    subscript(file: String) -> Content { contents[file] ?? .missing("no such file") }

    /// By file, for the next load.
    var documents: [String: ConfigurationDocument] {
        contents.compactMapValues { if case .document(let document) = $0 { document } else { nil } }
    }
}
