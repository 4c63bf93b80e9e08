extension ListenerConfiguration {
    /// Reads one file of `plugins.d`; throws all its problems.
    ///
    /// - Parameter defaults: the table `[defaults]` of the process, validated.
    package init(
        name: String, file: String, folder: String, document: ConfigurationDocument, defaults: ConfigurationTable
    ) throws(ConfigurationError) {
        var validator = OptionValidator(
            schema: Self.schema, root: .root, file: file, folder: folder, defaults: nil)
        let table = validator.validate(document.root)
        var diagnostics = validator.diagnostics

        let socketTable = table.child("socket")
        socket = SocketOptions(LayeredTable([socketTable, defaults.child("socket"), SocketOptions.builtInTable]))
        diagnostics += SocketOptions.problems(of: socketTable, at: .root.appending("socket"), file: file)

        tls = TLSPolicy(table["tls"])
        diagnostics += TLSPolicy.problems(of: table["tls"], at: .root.appending("tls"), file: file)

        let limitsTable = table.child("limits")
        limits = ConnectionLimits(
            LayeredTable([limitsTable, defaults.child("limits"), ConnectionLimits.builtInTable]))
        diagnostics += limits.problems(of: limitsTable, at: .root.appending("limits"), file: file)

        let accessTable = table.child("access")
        access = AccessPolicy(LayeredTable([accessTable, defaults.child("access"), AccessPolicy.builtInTable]))
        diagnostics += AccessPolicy.problems(of: accessTable, at: .root.appending("access"), file: file)

        let isolation = table["isolation"]
        if let isolation, let problem = isolation.text.flatMap(PlainName.problem) {
            diagnostics.append(
                Diagnostic(
                    file: file, position: isolation.position, key: .root.appending("isolation"), message: problem))
        }

        let listen = EndpointReader(table["listen"], file: file)
        diagnostics += listen.problems
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
        self.root = document.root
        endpoints = listen.endpoints
        plugin = table["plugin"]?.text ?? ""
        let layers = LayeredTable([table, Self.builtInTable])
        enabled = layers.boolean("enabled")
        reload = ReloadPolicy(layers)
        exercise = layers.boolean("exercise")
        // The schema allows only these cases.
        dispatch = Dispatch(rawValue: layers.text("dispatch")) ?? .auto
        self.isolation = layers.text("isolation")
        let users = layers.text("users")
        self.users = users.isEmpty ? nil : users
        rollout = RolloutPolicy(table.child("rollout"))
        options = table.child("options")
    }
}
