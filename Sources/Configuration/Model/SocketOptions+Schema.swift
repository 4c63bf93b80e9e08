extension SocketOptions {
    /// The table `[socket]` of a listener and `[defaults.socket]` of the process.
    static let schema = OptionSchema([
        OptionDescription(
            "backlog", .integer, default: "1024", minimum: 1, maximum: 65535,
            help: "Length of the accept queue; the kernel caps it at net.core.somaxconn."),
        OptionDescription(
            "no_delay", .boolean, default: "true", help: "TCP_NODELAY: send small writes at once."),
        OptionDescription(
            "keepalive", .boolean, default: "true", help: "SO_KEEPALIVE: detect peers that vanished without closing."),
        OptionDescription(
            "keepalive_idle", .duration, default: #""60s""#, minimum: .seconds(1), maximum: .hours(9),
            help: "Silence before the first probe, in whole seconds."),
        OptionDescription(
            "keepalive_interval", .duration, default: #""10s""#, minimum: .seconds(1), maximum: .hours(9),
            help: "Time between probes, in whole seconds."),
        OptionDescription(
            "keepalive_count", .integer, default: "6", minimum: 1, maximum: 127,
            help: "Unanswered probes after which the connection is closed."),
        OptionDescription(
            "receive_buffer", .size, default: "0", minimum: 0, maximum: .gibibytes(1),
            help: "SO_RCVBUF; 0 leaves it to the kernel, which tunes it automatically."),
        OptionDescription(
            "send_buffer", .size, default: "0", minimum: 0, maximum: .gibibytes(1),
            help: "SO_SNDBUF; 0 leaves it to the kernel, which tunes it automatically."),
        OptionDescription(
            "unix_mode", .text, default: #""0660""#, help: "Octal permissions of the file of a Unix socket."),
    ])

    /// The problems of one table that the schema cannot express.
    static func problems(of table: ConfigurationTable, at key: ConfigurationKey, file: String) -> [Diagnostic] {
        table.members.compactMap { member in
            let message: String
            switch (member.key, member.value.content) {
            case ("keepalive_idle", .integer(let nanoseconds)), ("keepalive_interval", .integer(let nanoseconds)):
                guard nanoseconds % .seconds(1) != 0 else { return nil }
                message = "expected whole seconds, found \(DurationText.render(nanoseconds: nanoseconds))"
            case ("unix_mode", .text(let text)):
                guard mode(text) == nil else { return nil }
                message = "expected octal permissions from \"0000\" to \"0777\", found the text \(quoted(text))"
            default: return nil
            }
            return Diagnostic(
                file: file, position: member.value.position, key: key.appending(member.key), message: message)
        }
    }
}
