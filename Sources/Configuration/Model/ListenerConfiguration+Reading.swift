extension ListenerConfiguration {
    /// Reads one file of `plugins.d`; throws all its problems.
    ///
    /// - Parameter defaults: the table `[defaults]` of the process, validated.
    package init(
        name: String, file: String, folder: String, document: ConfigurationDocument, defaults: ConfigurationTable
    ) throws(ConfigurationError) {
        var validator = OptionValidator(
            schema: Self.schema, root: .root, file: file, folder: folder, fillsDefaults: false)
        let table = validator.validate(document.root)
        var diagnostics = validator.diagnostics

        let socketTable = table.child("socket")
        socket = SocketOptions(LayeredTable([socketTable, defaults.child("socket"), SocketOptions.builtInTable]))
        diagnostics += SocketOptions.problems(of: socketTable, at: .root.appending("socket"), file: file)

        let limitsTable = table.child("limits")
        limits = ConnectionLimits(
            LayeredTable([limitsTable, defaults.child("limits"), ConnectionLimits.builtInTable]))
        diagnostics += limits.problems(of: limitsTable, at: .root.appending("limits"), file: file)

        let accessTable = table.child("access")
        access = AccessPolicy(LayeredTable([accessTable, defaults.child("access"), AccessPolicy.builtInTable]))
        diagnostics += AccessPolicy.problems(of: accessTable, at: .root.appending("access"), file: file)

        let (addresses, problems) = Self.addresses(of: table["listen"], file: file)
        diagnostics += problems
        if let options = table["options"], options.table == nil {
            let message = "expected a table, found \(options.content.summary)"
            diagnostics.append(
                Diagnostic(file: file, position: options.position, key: .root.appending("options"), message: message))
        }
        guard diagnostics.isEmpty else { throw ConfigurationError(diagnostics.sortedAndLimited()) }

        self.name = name
        self.file = file
        self.folder = folder
        self.text = document.text
        self.addresses = addresses
        plugin = table["plugin"]?.text ?? ""
        let layers = LayeredTable([table, Self.builtInTable])
        enabled = layers.boolean("enabled")
        reload = ReloadPolicy(layers)
        exercise = layers.boolean("exercise")
        // The schema's choices are these cases.
        dispatch = Dispatch(rawValue: layers.text("dispatch")) ?? .auto
        rollout = RolloutPolicy(table.child("rollout"))
        options = table.child("options")
    }

    /// The addresses of `listen` (a list after validation), and what is wrong with them.
    private static func addresses(
        of listen: ConfigurationValue?, file: String
    ) -> (addresses: [ListenAddress], problems: [Diagnostic]) {
        var parsed: [(address: ListenAddress, position: Position, key: ConfigurationKey)] = []
        var problems: [Diagnostic] = []
        let elements = listen?.list ?? []
        for (index, element) in elements.enumerated() {
            // A single value stands at the key itself; in a list each has its own place.
            let isSingle = elements.count == 1 && element.position == listen?.position
            let key =
                isSingle ? .root.appending("listen") : ConfigurationKey.root.appending("listen").appending(index: index)
            do throws(ListenAddress.ParseError) {
                parsed.append((try ListenAddress(parsing: element.text ?? ""), element.position, key))
            } catch {
                problems.append(Diagnostic(file: file, position: element.position, key: key, message: error.message))
            }
        }
        let addresses = parsed.map(\.address).separatingFamilies()
        for (index, later) in addresses.enumerated() {
            // Port 0 overlaps nothing, but a reload tells addresses apart by what the file says.
            guard let first = addresses[..<index].firstIndex(where: { later.overlaps($0) || later == $0 }) else {
                continue
            }
            let place = "\(parsed[first].key) at \(parsed[first].position.line):\(parsed[first].position.column)"
            let message =
                later.overlaps(addresses[first])
                ? "\(quoted("\(later)")) overlaps \(quoted("\(addresses[first])")) of \(place)"
                : "\(quoted("\(later)")) is the same as \(place); each address may stand here once"
            problems.append(
                Diagnostic(file: file, position: parsed[index].position, key: parsed[index].key, message: message))
        }
        return (addresses, problems)
    }
}
