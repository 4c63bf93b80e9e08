import Glibc

/// Three versions of a plugin, prepared once, so that installing one is just a link and a rename.
struct PluginVersions {
    static let count = 3

    /// The listener's name.
    let name: String
    private let folder: ServerFolder
    private let library: String
    /// The text of the listener's file in each version.
    private let texts: [String]

    /// - Parameter more: further lines of the listener's file in each version, after plugin and address.
    init(
        of library: String, as name: String, in folder: ServerFolder, _ more: (_ version: Int) -> String = { _ in "" }
    ) throws {
        self.name = name
        self.folder = folder
        self.library = library
        texts = (0..<Self.count).map { "plugin = \"\(name).so\"\nlisten = \"127.0.0.1:0\"\n\(more($0))\n" }
        for version in 0..<Self.count {
            let bytes = try Files.read(BuildFolder.plugin(library)) + [UInt8(version)]
            try Files.replace(prepared(version), with: bytes)
        }
    }

    private func prepared(_ version: Int) -> String { "\(folder.path)/\(name)-\(version).so" }
    private var file: String { folder.file(name + ".so") }

    /// Installs a version in the plugins folder.
    func install(_ version: Int) throws {
        let part = folder.path + "/\(name).part"
        guard link(prepared(version), part) == 0, rename(part, file) == 0 else {
            throw Failure.system("install version \(version) of \(name)")
        }
        // rename(2) does nothing when both names are links to the same file.
        unlink(part)
        try Files.replace(folder.file(name + ".toml"), with: Array(texts[version].utf8), mode: 0o644)
    }

    /// Installs a file that is not a plugin, or a plugin that crashes.
    func installBad(_ bad: BadFile) throws {
        switch bad {
        case .text: try Files.replace(file, with: Array("this is not a library".utf8))
        case .truncated:
            let bytes = try Files.read(prepared(0))
            try Files.replace(file, with: Array(bytes[..<(bytes.count / 2)]))
        case .crashing: try Files.replace(file, with: Files.read(Fixture.library("crashes-in-entry")))
        }
    }

    enum BadFile: CaseIterable { case text, truncated, crashing }
}
