/// One problem of one file, in words for the person who has to fix it: `plugins.d/http.toml:7:1: options.root: no such directory
/// "public"`.
package struct Diagnostic: Sendable, Hashable {
    /// The path of the file (or folder) as it was given, not made absolute.
    package var file: String
    /// Nil when the problem is the file itself, for example when it cannot be read.
    package var position: Position?
    /// The dotted path of the value; the root when the problem belongs to no key, as with a syntax error.
    package var key: ConfigurationKey
    package var message: String

    package init(file: String, position: Position? = nil, key: ConfigurationKey = .root, message: String) {
        self.file = file
        self.position = position
        self.key = key
        self.message = message
    }

    package var line: Int? { position?.line }
    package var column: Int? { position?.column }
}

extension Diagnostic: CustomStringConvertible {
    package var description: String {
        var text = printable(file)
        if let position { text += ":\(position.line):\(position.column)" }
        let name = key.description
        return text + ": " + (name.isEmpty ? "" : name + ": ") + message
    }
}

/// Everything that is wrong with a file, a folder or a plugin's options, in the order of the text.
package struct ConfigurationError: Error, Sendable, Equatable, CustomStringConvertible {
    package var diagnostics: [Diagnostic]

    package init(_ diagnostics: [Diagnostic]) {
        self.diagnostics = diagnostics
    }

    package var description: String { diagnostics.map(\.description).joined(separator: "\n") }
}
