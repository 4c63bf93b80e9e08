import CTemplates
import Configuration
import Glibc
import Instances
import Operations
import PluginHost

/// The files of a new plugin: a protocol that counts lines, under the given name.
struct PluginTemplate {
    enum Language: String, CaseIterable { case swift, c, cpp, rust }

    struct Problem: Error, CustomStringConvertible { let description: String }

    struct File {
        let path: String
        let text: String
    }

    let name: String
    let language: Language
    /// The folder of Martlet, which contains its SDK. For Swift.
    let package: String?
    /// The path of the library in which tests run the plugin, unless its user names another.
    let simulation: String

    /// - Parameter name: letters, digits, `-` and `_`, beginning with a letter.
    init(name: String, language: Language, package: String?, simulation: String) throws(Problem) {
        guard isName(name), name.first?.isLetter == true else {
            throw Problem(
                description:
                    "\"\(name)\" is not a plugin name: expected letters, digits, '-' and '_', beginning with a letter")
        }
        self.name = name
        self.language = language
        self.package = package
        self.simulation = simulation
        let taken = Self.takenNames[language] ?? []
        if taken.contains(typeName) || taken.contains(identifier) {
            throw Problem(description: "\"\(name)\" already has a meaning in \(language.rawValue): choose another name")
        }
    }

    /// Names that the language or the SDK uses.
    private static let takenNames: [Language: Set<String>] = [
        .swift: [
            "Plugin", "Session", "Host", "Options", "Option", "Connection", "Manifest", "Metric", "Operation", "String",
            "Int",
            "Bool", "Array", "Type", "Protocol", "Any", "Self",
        ],
        .rust: [
            "as", "async", "await", "break", "const", "continue", "core", "crate", "dyn", "else", "enum", "extern",
            "false", "fn",
            "for", "if", "impl", "in", "let", "loop", "match", "mod", "move", "mut", "pub", "ref", "return", "self",
            "static",
            "std", "struct", "super", "test", "trait", "true", "type", "unsafe", "use", "where", "while", "alloc",
            "martlet", "simulation",
        ],
    ]

    /// my-protocol -> my_protocol
    var identifier: String { String(name.lowercased().map { $0 == "-" ? "_" : $0 }) }

    /// my-protocol -> MyProtocol
    var typeName: String {
        name.split { $0 == "-" || $0 == "_" }.map { $0.prefix(1).uppercased() + $0.dropFirst() }.joined()
    }

    var files: [File] {
        (0..<template_count()).compactMap { index in
            let file = template_at(index)!.pointee
            let language = String(cString: file.language)
            guard language.isEmpty || language == self.language.rawValue else { return nil }
            let text = String(decoding: UnsafeRawBufferPointer(start: file.data, count: file.length), as: UTF8.self)
            return File(path: fill(String(cString: file.path)), text: fill(text))
        }
    }

    private func fill(_ text: String) -> String {
        text.replacing("line-count", with: name).replacing("line_count", with: identifier)
            .replacing("LineCount", with: typeName)
            .replacing("MARTLET_SDK", with: packageLine)
            .replacing("MARTLET_LIBRARY", with: simulation.replacing("$", with: "$$").replacing("#", with: "\\#"))
    }

    private var packageLine: String {
        package.map { ".package(name: \"martlet-sdk\", path: \"\(escaped($0 + "/SDK"))\")" } ?? ""
    }

    private func escaped(_ text: String) -> String {
        text.replacing("\\", with: "\\\\").replacing("\"", with: "\\\"")
    }

    /// Writes the files into a folder that does not exist, or is empty.
    func write(to folder: String) throws(Problem) {
        try refuseTakenName(of: folder)
        if let names = try? FolderListing.names(in: folder), !names.isEmpty {
            throw Problem(description: "\(folder) exists and is not empty")
        }
        for file in files {
            var parent = folder
            try make(parent)
            let parts = file.path.split(separator: "/")
            for part in parts.dropLast() {
                parent += "/\(part)"
                try make(parent)
            }
            do throws(FileProblem) {
                try NewFile.create("\(folder)/\(file.path)", file.text, mode: 0o644)
            } catch {
                throw Problem(description: error.description)
            }
        }
    }

    /// SwiftPM tells packages apart by the names of their folders, in which case does not count.
    private func refuseTakenName(of folder: String) throws(Problem) {
        guard package != nil, let name = folder.split(separator: "/").last, name.lowercased() == "sdk" else { return }
        throw Problem(
            description: "\(folder): SwiftPM would take it for another package named \(name): choose another folder")
    }

    private func make(_ folder: String) throws(Problem) {
        guard mkdir(folder, 0o755) != 0, errno != EEXIST else { return }
        throw Problem(description: "\(folder): \(String(cString: strerror(errno)))")
    }
}
