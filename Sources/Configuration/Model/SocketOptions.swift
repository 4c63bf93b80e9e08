/// How the sockets of a listener are set up.
package struct SocketOptions: Sendable, Equatable {
    /// The length of the accept queue, for listen(2).
    package var backlog: Int
    /// TCP_NODELAY
    package var noDelay: Bool
    /// SO_KEEPALIVE
    package var keepalive: Bool
    /// TCP_KEEPIDLE, whole seconds.
    package var keepaliveIdle: Duration
    /// TCP_KEEPINTVL, whole seconds.
    package var keepaliveInterval: Duration
    /// TCP_KEEPCNT
    package var keepaliveCount: Int
    /// SO_RCVBUF in bytes; 0 leaves it to the kernel.
    package var receiveBuffer: Int
    /// SO_SNDBUF in bytes; 0 leaves it to the kernel.
    package var sendBuffer: Int
    /// The permissions of a Unix socket's file.
    package var unixMode: UInt16
}

extension SocketOptions {
    static let builtInTable = ConfigurationTable.builtIn(schema)
    package static let builtIn = SocketOptions(LayeredTable([builtInTable]))

    init(_ table: LayeredTable) {
        backlog = table.integer("backlog")
        noDelay = table.boolean("no_delay")
        keepalive = table.boolean("keepalive")
        keepaliveIdle = table.duration("keepalive_idle")
        keepaliveInterval = table.duration("keepalive_interval")
        keepaliveCount = table.integer("keepalive_count")
        receiveBuffer = table.integer("receive_buffer")
        sendBuffer = table.integer("send_buffer")
        // `problems` has reported an invalid mode; the caller then does not use this value.
        unixMode = Self.mode(table.text("unix_mode")) ?? 0
    }

    /// Nil when the text is not three octal digits, with or without a zero before them.
    static func mode(_ text: String) -> UInt16? {
        guard text.utf8.count == 3 || (text.utf8.count == 4 && text.hasPrefix("0")) else { return nil }
        return text.utf8.allSatisfy { (UInt8(ascii: "0")...UInt8(ascii: "7")).contains($0) }
            ? UInt16(text, radix: 8) : nil
    }
}
