import CMariaDB
import SQL

extension MariaDBConnection {
    /// Connects and logs in.
    static func connect(_ address: MariaDBAddress) throws(DatabaseError) -> UnsafeMutablePointer<MYSQL> {
        try MariaDBLibrary.start()
        guard let handle = mysql_init(nil) else { throw DatabaseError(.other, "connect to \(address): no memory") }
        setOptions(handle, address)
        let connected =
            switch address.place {
            case .tcp(let host, let port):
                mysql_real_connect(handle, host, address.user, address.password, address.database, UInt32(port), nil, 0)
            case .unixSocket(let path):
                mysql_real_connect(handle, nil, address.user, address.password, address.database, 0, path, 0)
            }
        guard connected != nil else {
            var error = DatabaseError(
                mariaDB: mysql_errno(handle), String(cString: mysql_error(handle)), doing: "connect to \(address)")
            // Whatever else it is that libmariadb or the server does not like: there is no connection.
            if error.kind != .denied { error.kind = .away }
            mysql_close(handle)
            throw error
        }
        // libmariadb goes on without TLS if it need not check the server's certificate.
        guard address.tls == nil || mysql_get_ssl_cipher(handle) != nil else {
            mysql_close(handle)
            throw DatabaseError(.away, code: CR_SSL_CONNECTION_ERROR, "connect to \(address): the server has no TLS")
        }
        return handle
    }

    private static func setOptions(_ handle: UnsafeMutablePointer<MYSQL>, _ address: MariaDBAddress) {
        func set(_ option: mysql_option, _ number: UInt32) {
            withUnsafePointer(to: number) { _ = mysql_options(handle, option, $0) }
        }
        func set(_ option: mysql_option, _ flag: Bool) {
            withUnsafePointer(to: my_bool(flag ? 1 : 0)) { _ = mysql_options(handle, option, $0) }
        }
        func set(_ option: mysql_option, _ text: String) { mysql_options(handle, option, text) }

        set(MYSQL_OPT_CONNECT_TIMEOUT, address.connectTimeoutSeconds)
        set(MYSQL_OPT_READ_TIMEOUT, address.readTimeoutSeconds)
        set(MYSQL_OPT_WRITE_TIMEOUT, address.readTimeoutSeconds)
        set(MYSQL_SET_CHARSET_NAME, "utf8mb4")
        set(MYSQL_OPT_RECONNECT, false)
        // Else a server could ask for any file.
        set(MYSQL_OPT_LOCAL_INFILE, UInt32(0))
        // Lengths say it, and mysql_stmt_fetch need not.
        set(MYSQL_REPORT_DATA_TRUNCATION, false)
        // Else a server could ask for the password in clear text.
        set(MARIADB_OPT_RESTRICTED_AUTH, "mysql_native_password,client_ed25519,caching_sha2_password")
        switch address.place {
        case .tcp: set(MYSQL_OPT_PROTOCOL, MYSQL_PROTOCOL_TCP.rawValue)
        case .unixSocket: set(MYSQL_OPT_PROTOCOL, MYSQL_PROTOCOL_SOCKET.rawValue)
        }
        guard let tls = address.tls else { return }
        set(MYSQL_OPT_SSL_ENFORCE, true)
        set(MYSQL_OPT_SSL_VERIFY_SERVER_CERT, tls.verifiesServer)
        if let authorities = tls.authorities { set(MYSQL_OPT_SSL_CA, authorities) }
    }
}
