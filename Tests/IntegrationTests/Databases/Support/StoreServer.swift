import Glibc
import MariaDB
import PrivateMariaDB
import Server
import Testing

enum StoreDatabase: String, CaseIterable, Sendable {
    case sqlite, mariadb
}

/// The plugins Binary and RESP in a server, with their keys in one database.
final class StoreServer {
    /// Ends when no server uses it any more. nil: SQLite.
    let mariaDB: PrivateMariaDB?
    let folder: ServerFolder
    private(set) var server: RunningServer

    /// - Parameters:
    ///   - url: of the database.
    ///   - mariaDB: its server, which this one keeps.
    ///   - pool: further lines of its table.
    ///   - limits: of both listeners.
    init(
        url: String, of mariaDB: PrivateMariaDB? = nil, pool: String = "", limits: String = "", launcher: [String] = []
    ) throws {
        self.mariaDB = mariaDB
        folder = try ServerFolder(process: "[databases.main]\nurl = \"\(url)\"\n\(pool)")
        for plugin in StorePlugin.allCases {
            try folder.install(plugin.library, version: 0)
            try folder.listen(
                plugin.rawValue, plugin: "\(plugin.library).so",
                "[limits]\nmax_input = \"2MiB\"\ncrash_limit = 0\n\(limits)\n[options]\nstore = \"main\"\n")
        }
        server = try RunningServer(folder, launcher: launcher)
    }

    func address(of plugin: StorePlugin) throws -> ServerAddress { try server.address(of: plugin.rawValue) }

    func connect(to plugin: StorePlugin) throws -> any StoreClient {
        try plugin.connect(to: address(of: plugin))
    }

    func binary() throws -> BinaryStoreClient { try BinaryStoreClient(address(of: .binary)) }
    func resp() throws -> RESPStoreClient { try RESPStoreClient(address(of: .resp)) }

    /// What `martlet databases` says.
    func report() throws -> DatabaseRow {
        try #require(try decodeJSON([DatabaseRow].self, from: folder.martlet("databases", "--json").output).first)
    }

    func waitForState(_ state: String) throws {
        try waitUntil("the pool is \(state)", within: .seconds(30)) { try report().report.state == state }
    }

    /// Ends the host as `kill -9` does and waits for the next one.
    func killHost() throws {
        let host = try server.host
        server.mayCrash = true
        kill(host, SIGKILL)
        try server.waitForHost(after: host)
    }

    /// Ends the server and starts it again. Clients that are connected delay it.
    func restart() throws {
        #expect(try server.stop() == 0)
        server = try RunningServer(folder)
    }

    /// Puts another version of a plugin in place, and reports what came of it.
    func swap(_ plugin: StorePlugin, version: Int) throws {
        try folder.install(plugin.library, version: version)
        let receipt = try server.reload()
        guard receipt.entries.contains(where: { $0.listener == plugin.rawValue && $0.outcome == .swapped }) else {
            throw Failure("version \(version) of \(plugin): \(receipt)")
        }
    }
}

/// A database and servers that use it.
final class StoreSite {
    let url: String
    let store: StoreServer
    /// Of the database.
    let name: String
    var mariaDB: PrivateMariaDB? { store.mariaDB }

    /// - Parameter isAlone: the server of MariaDB serves nobody else.
    init(_ kind: StoreDatabase, isAlone: Bool = false, pool: String = "", limits: String = "") throws {
        name = "store_\(UInt64.random(in: 0 ... .max))"
        var mariaDB: PrivateMariaDB?
        switch kind {
        case .sqlite: url = "sqlite:main.db"
        case .mariadb:
            // Each commit is on the disk before it is acknowledged.
            let options = ["--innodb-flush-log-at-trx-commit=1"]
            let database = isAlone ? try PrivateMariaDB(options: options) : try PrivateMariaDB.shared.get()
            try database.administer("CREATE DATABASE \(name)")
            (mariaDB, url) = (database, "mariadb://root@/\(name)?socket=\(database.socket)")
        }
        store = try StoreServer(url: url, of: mariaDB, pool: pool, limits: limits)
    }

    /// Rows of a plugin's table, those that have expired too.
    func rows(of plugin: StorePlugin) throws -> Int {
        let query = "SELECT count(*) FROM martlet_\(plugin.rawValue)"
        let result =
            if let mariaDB {
                try Subprocess.run(
                    "mariadb", ["--no-defaults", "-uroot", "-S", mariaDB.socket, "-N", "-B", "-e", query, name])
            } else {
                try Subprocess.run(
                    "/usr/bin/python3",
                    [
                        "-c",
                        "import sqlite3, sys; print(sqlite3.connect(sys.argv[1]).execute(sys.argv[2]).fetchone()[0])",
                        "\(store.folder.path)/main.db", query,
                    ])
            }
        guard let count = Int(result.output.trimming) else { throw Failure("\(query): \(result)") }
        return count
    }
}

extension String {
    fileprivate var trimming: Substring { split(separator: "\n").first ?? "" }
}
