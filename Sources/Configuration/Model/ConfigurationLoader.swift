/// One load in progress.
struct ConfigurationLoader {
    private let processFile: ConfigurationFolder.ProcessFile
    private let directory: String?
    private let entries: Result<[String], FolderListing.Problem>
    private let files: SourceFiles
    private(set) var diagnostics: [Diagnostic] = []
    /// The metrics address of the process file. No listener can have it.
    private var metrics: TakenAddress?
    /// The names of the tables `[databases.NAME]`; nil: the process file has problems, which are told of already.
    private var databases: [String]? = []

    /// Reads all files.
    init(
        _ processFile: ConfigurationFolder.ProcessFile, directory: String?, previous: [String: ConfigurationDocument],
        check: AdmissionCheck?, parser: TOMLParser
    ) {
        self.processFile = processFile
        self.directory = directory
        var names: [String] = []
        if let directory {
            do throws(FolderListing.Problem) {
                names = try FolderListing.names(in: directory, check: check).filter(ListenerName.isListenerFile)
                entries = .success(names)
            } catch {
                entries = .failure(error)
            }
        } else {
            entries = .success([])
        }
        let listeners = names.filter { PlainName.problem(Self.listener($0)) == nil }.map {
            Self.path($0, in: directory)
        }
        files = SourceFiles(
            (processFile.path.map { [$0] } ?? []) + listeners, previous: previous, check: check, parser: parser)
    }

    var documents: [String: ConfigurationDocument] { files.documents }

    mutating func loadProcess() -> (process: ProcessConfiguration, defaults: ConfigurationTable) {
        let builtIn = (process: ProcessConfiguration.builtIn, defaults: ConfigurationTable())
        let document: ConfigurationDocument?
        let path: String
        switch processFile {
        case .none: return builtIn
        case .ifPresent(let file): (path, document) = (file, self.document(file, mayBeMissing: true))
        case .required(let file): (path, document) = (file, self.document(file, mayBeMissing: false))
        }
        guard let document else {
            if !diagnostics.isEmpty { databases = nil }
            return builtIn
        }
        let folder = FilePath.absolute(FilePath.folder(of: path))
        let (process, defaults, problems) = ProcessConfiguration.read(document, file: path, folder: folder)
        diagnostics += problems
        databases = problems.isEmpty ? process.databases.map(\.name) : nil
        metrics = process.metricsAddress.map { address in
            let position = document.root.position(of: ConfigurationKey(parsing: "metrics_listen"))
            return TakenAddress(
                address: address, owner: "metrics_listen at \(printable(path)):\(position.line):\(position.column)")
        }
        return (process, defaults)
    }

    mutating func loadListeners(defaults: ConfigurationTable) -> [ListenerConfiguration] {
        guard let directory else { return [] }
        let entries: [String]
        do throws(FolderListing.Problem) {
            entries = try self.entries.get()
        } catch {
            diagnostics.append(Diagnostic(file: directory, message: error.message))
            return []
        }
        let folder = FilePath.absolute(directory)
        var listeners: [ListenerConfiguration] = []
        for entry in entries {
            let file = Self.path(entry, in: directory)
            guard let listener = loadListener(entry, file: file, folder: folder, defaults: defaults) else { continue }
            if let problem = listener.conflict(with: listeners) ?? metrics.flatMap(listener.conflict)
                ?? databases.flatMap(listener.missingDatabase)
            {
                diagnostics.append(problem)
            } else {
                listeners.append(listener)
            }
        }
        return listeners
    }

    private static func listener(_ entry: String) -> String { String(entry.dropLast(".toml".count)) }

    private static func path(_ entry: String, in directory: String?) -> String {
        guard let directory else { return entry }
        return directory.hasSuffix("/") ? directory + entry : directory + "/" + entry
    }

    private mutating func loadListener(
        _ entry: String, file: String, folder: String, defaults: ConfigurationTable
    ) -> ListenerConfiguration? {
        let name = Self.listener(entry)
        if let problem = PlainName.problem(name) {
            diagnostics.append(Diagnostic(file: file, message: problem))
            return nil
        }
        guard let document = document(file, mayBeMissing: false) else { return nil }
        do throws(ConfigurationError) {
            return try ListenerConfiguration(
                name: name, file: file, folder: folder, document: document, defaults: defaults)
        } catch {
            diagnostics += error.diagnostics
            return nil
        }
    }

    /// Nil when the file is missing and may be missing, or when its problem is now among the diagnostics.
    private mutating func document(_ file: String, mayBeMissing: Bool) -> ConfigurationDocument? {
        switch files[file] {
        case .document(let document): return document
        case .missing where mayBeMissing: break
        case .missing(let message): diagnostics.append(Diagnostic(file: file, message: message))
        case .refused(let error): diagnostics += error.diagnostics
        }
        return nil
    }
}
