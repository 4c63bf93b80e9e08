import Addresses

extension ProcessConfiguration {
    /// Reads a process file. Returns the configuration, the table `[defaults]` to layer listeners over, and the problems. A value
    /// with a problem is replaced by the built-in one, so that the listeners can still be checked.
    package static func read(
        _ document: ConfigurationDocument, file: String, folder: String
    ) -> (process: ProcessConfiguration, defaults: ConfigurationTable, diagnostics: [Diagnostic]) {
        var validator = OptionValidator(schema: schema, root: .root, file: file, folder: folder, defaults: nil)
        var table = validator.validate(document.root)
        let (defaults, problems) = checkedDefaults(table.child("defaults"), file: file)
        var diagnostics = validator.diagnostics + problems
        table.replace("defaults", with: defaults)
        let process = ProcessConfiguration(table, folder: folder)
        if let socket = table["control_socket"], process.controlSocket.utf8.count > ListenAddress.unixNameLimit {
            let found = "found \(process.controlSocket.utf8.count): \(quoted(process.controlSocket))"
            let message = "expected a path of at most \(ListenAddress.unixNameLimit) bytes, \(found)"
            diagnostics.append(
                Diagnostic(
                    file: file, position: socket.position, key: .root.appending("control_socket"), message: message))
        }
        if let address = table["metrics_listen"], let text = address.text, !text.isEmpty {
            do throws(ListenAddress.ParseError) {
                _ = try ListenAddress(parsing: text)
            } catch {
                diagnostics.append(
                    Diagnostic(
                        file: file, position: address.position, key: .root.appending("metrics_listen"),
                        message: error.message))
            }
        }
        diagnostics += DatabaseConfiguration.problems(
            of: table.child("databases"), at: .root.appending("databases"), file: file)
        diagnostics += workerProblems(in: table, text: document.root, file: file)
        diagnostics += keyProblems(in: table["trusted_keys"]?.list ?? [], file: file)
        return (process, defaults, diagnostics.sortedAndLimited())
    }

    /// Checks that `workers_min` is at most `workers`, also when one of them has its default.
    ///
    /// - Parameter text: the table of the file, including wrong values.
    private static func workerProblems(
        in table: ConfigurationTable, text: ConfigurationTable, file: String
    ) -> [Diagnostic] {
        let layers = LayeredTable([table, builtInTable])
        let (minimum, maximum) = (layers.integer("workers_min"), layers.integer("workers"))
        // When `workers` itself is wrong, it has its own diagnostic.
        guard minimum > maximum, table["workers"] != nil || text["workers"] == nil else { return [] }
        return [
            Diagnostic(
                file: file, position: table["workers_min"]?.position, key: .root.appending("workers_min"),
                message: "expected at most workers, which is \(maximum), found \(minimum)")
        ]
    }

    private static func keyProblems(in keys: [ConfigurationValue], file: String) -> [Diagnostic] {
        keys.enumerated().compactMap { index, value in
            do throws(TrustedKey.Problem) {
                _ = try TrustedKey(parsing: value.text ?? "")
                return nil
            } catch {
                return Diagnostic(
                    file: file, position: value.position,
                    key: .root.appending("trusted_keys").appending(index: index),
                    message: "\(TrustedKey.expectation), found \(error.found)")
            }
        }
    }

    /// `[defaults]` without the values that have a problem, so that no listener inherits one.
    private static func checkedDefaults(
        _ defaults: ConfigurationTable, file: String
    ) -> (defaults: ConfigurationTable, problems: [Diagnostic]) {
        let key = ConfigurationKey.root.appending("defaults")
        var (socket, limits) = (defaults.child("socket"), defaults.child("limits"))
        let socketProblems = SocketOptions.problems(of: socket, at: key.appending("socket"), file: file)
        socket.members.removeAll { member in
            socketProblems.contains { $0.key.components.last == .key(member.key) }
        }
        let layered = ConnectionLimits(LayeredTable([limits, ConnectionLimits.builtInTable]))
        let limitsProblems = layered.problems(of: limits, at: key.appending("limits"), file: file)
        if !limitsProblems.isEmpty {
            // Each of the two marks is only valid together with the other.
            limits.members.removeAll { $0.key == "output_low_water" || $0.key == "output_high_water" }
        }
        var access = defaults.child("access")
        let accessProblems = AccessPolicy.problems(of: access, at: key.appending("access"), file: file)
        access.members.removeAll { member in
            accessProblems.contains { $0.key.components.contains(.key(member.key)) }
        }
        var checked = ConfigurationTable(at: defaults.position)
        checked.replace("socket", with: socket)
        checked.replace("limits", with: limits)
        checked.replace("access", with: access)
        return (checked, socketProblems + limitsProblems + accessProblems)
    }
}
