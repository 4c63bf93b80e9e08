/// One load in progress.
struct ConfigurationLoader {
    private let previous: [String: ConfigurationDocument]
    private let check: AdmissionCheck?
    private(set) var documents: [String: ConfigurationDocument] = [:]
    private(set) var diagnostics: [Diagnostic] = []
    /// Of the process file: no listener can have it.
    private var metrics: TakenAddress?

    init(previous: [String: ConfigurationDocument], check: AdmissionCheck?) {
        self.previous = previous
        self.check = check
    }

    mutating func loadProcess(
        _ file: ConfigurationFolder.ProcessFile
    ) -> (process: ProcessConfiguration, defaults: ConfigurationTable) {
        let builtIn = (process: ProcessConfiguration.builtIn, defaults: ConfigurationTable())
        let document: ConfigurationDocument?
        let path: String
        switch file {
        case .none: return builtIn
        case .ifPresent(let file): (path, document) = (file, self.document(file, mayBeMissing: true))
        case .required(let file): (path, document) = (file, self.document(file, mayBeMissing: false))
        }
        guard let document else { return builtIn }
        let folder = FilePath.absolute(FilePath.folder(of: path))
        let (process, defaults, problems) = ProcessConfiguration.read(document, file: path, folder: folder)
        diagnostics += problems
        metrics = process.metricsAddress.map { address in
            let position = SourceLocator(document.text).position(of: ConfigurationKey(parsing: "metrics_listen"))
            return TakenAddress(
                address: address, owner: "metrics_listen at \(printable(path)):\(position.line):\(position.column)")
        }
        return (process, defaults)
    }

    mutating func loadListeners(_ directory: String, defaults: ConfigurationTable) -> [ListenerConfiguration] {
        let entries: [String]
        do throws(FolderListing.Problem) {
            entries = try FolderListing.names(in: directory, check: check)
        } catch {
            diagnostics.append(Diagnostic(file: directory, message: error.message))
            return []
        }
        let folder = FilePath.absolute(directory)
        var listeners: [ListenerConfiguration] = []
        for entry in entries where ListenerName.isListenerFile(entry) {
            let file = directory.hasSuffix("/") ? directory + entry : directory + "/" + entry
            guard let listener = loadListener(entry, file: file, folder: folder, defaults: defaults) else { continue }
            if let conflict = listener.conflict(with: listeners) ?? metrics.flatMap(listener.conflict) {
                diagnostics.append(conflict)
            } else {
                listeners.append(listener)
            }
        }
        return listeners
    }

    private mutating func loadListener(
        _ entry: String, file: String, folder: String, defaults: ConfigurationTable
    ) -> ListenerConfiguration? {
        let name = String(entry.dropLast(".toml".count))
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

    /// Nil when the file is missing and may be, or when its problem is now among the diagnostics.
    private mutating func document(_ file: String, mayBeMissing: Bool) -> ConfigurationDocument? {
        do throws(SourceFile.Problem) {
            let bytes = try SourceFile.read(file, check: check)
            let document = parse(bytes, file)
            documents[file] = document
            return document
        } catch {
            switch error {
            case .missing where mayBeMissing: break
            case .missing(let message), .unusable(let message):
                diagnostics.append(Diagnostic(file: file, message: message))
            }
            return nil
        }
    }

    private mutating func parse(_ bytes: [UInt8], _ file: String) -> ConfigurationDocument? {
        if let known = previous[file], known.text.utf8.elementsEqual(bytes) { return known }
        do throws(ConfigurationError) {
            return try ConfigurationDocument(bytes: bytes, file: file)
        } catch {
            diagnostics += error.diagnostics
            return nil
        }
    }
}
