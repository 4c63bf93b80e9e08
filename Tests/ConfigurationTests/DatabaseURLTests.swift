import Testing

@testable import Configuration

@Suite struct DatabaseURLTests {
    private typealias Server = DatabaseURL.MariaDBServer

    @Test func readsWhereADatabaseIs() throws {
        #expect(try DatabaseURL("sqlite:a b.db") == .sqlite(path: "a b.db"))
        #expect(
            try DatabaseURL("mariadb://u@db.example/shop")
                == .mariaDB(Server(user: "u", host: "db.example", port: 3306, database: "shop")))
        #expect(
            try DatabaseURL("mysql://u%40v@[::1]:3307/a%20b")
                == .mariaDB(Server(user: "u@v", host: "::1", port: 3307, database: "a b")))
        #expect(
            try DatabaseURL("mariadb://u@/shop?socket=/run/my%20sql.sock")
                == .mariaDB(Server(user: "u", socket: "/run/my sql.sock", database: "shop")))
    }

    @Test(arguments: [
        "sqlite:", "sqlite://a", "postgres://a", "mariadb:u@h/d", "mariadb://h/d", "mariadb://@h/d", "mariadb://u@/d",
        "mariadb://u@h", "mariadb://u@h/", "mariadb://u@h/a/b", "mariadb://u@h:0/d", "mariadb://u@h:99999/d",
        "mariadb://u@[::/d", "mariadb://u@[x]/d", "mariadb://u@[::1]3/d", "mariadb://u@h/d?socket=/s",
        "mariadb://u@/d?socket=s",
        "mariadb://u@/d?tls=1", "mariadb://u%4/d", "mariadb://u%zz@h/d", "mariadb://u%00@h/d", "mariadb://u%ff@h/d", "",
    ])
    func refusesWhatItDoesNotUnderstand(_ text: String) {
        let problem = #expect(throws: DatabaseURL.Problem.self) { try DatabaseURL(text) }
        #expect(problem?.message.contains("mariadb://USER@HOST[:PORT]/DATABASE") == true)
    }

    @Test(arguments: [
        "mariadb://u:secret@h/d", "postgres://u:secret@h/d", "mariadb://u:sec@ret@h/d", "mysql:/u:secret@h",
    ])
    func saysNoPassword(_ text: String) {
        let problem = #expect(throws: DatabaseURL.Problem.self) { try DatabaseURL(text) }
        #expect(problem?.message.contains("sec") == false)
        #expect(!text.hasPrefix("mariadb://") || problem?.message.contains("password_file") == true)
    }

    @Test func aServerOnThisMachineNeedsNoTLS() throws {
        for (host, isLocal) in [
            ("localhost", true), ("127.0.0.2", true), ("[::1]", true), ("db", false), ("10.0.0.1", false),
        ] {
            guard case .mariaDB(let server) = try DatabaseURL("mariadb://u@\(host)/d") else { return }
            #expect(server.isLocal == isLocal, "\(host)")
        }
    }

    @Test(arguments: [
        ("url = 'postgres://u:secret@h/d'", "2:1: databases.a.url: expected \(DatabaseURL.form), found another URL"),
        (
            "url = 'sqlite:a'\ntls = 'off'",
            "3:1: databases.a.tls: expected no such key: the database is a file of SQLite"
        ),
        (
            "url = 'mariadb://u@h/d'\npassword_file = 'a'\npassword_env = 'B'",
            "4:1: databases.a.password_env: expected password_file or password_env, found both"
        ),
        (
            "url = 'mariadb://u@/d?socket=/s'\ntls = 'verify'",
            "3:1: databases.a.tls: expected \"auto\" or \"off\" for a Unix socket, found \"verify\""
        ),
        ("url = 'sqlite:a'\nmin = 3\nmax = 2", "3:1: databases.a.min: expected at most max, which is 2, found 3"),
    ])
    func aTableWithAProblemIsNamed(_ keys: String, _ expected: String) throws {
        let (process, _, problems) = try readProcess("[databases.a]\n\(keys)")
        #expect(problems == ["martlet.toml:\(expected)"])
        #expect(process.databases.count <= 1)
    }

    @Test func aServerOfMariaDBIsRead() throws {
        let (process, _, problems) = try readProcess(
            "[databases.a]\nurl = 'mariadb://u@db/d'\npassword_file = 'p'\ntls_ca = '/ca'\nstatement_timeout = '1s'")
        #expect(problems == [])
        guard case .mariaDB(let server) = try #require(process.databases.first).place else {
            Issue.record("it is no server")
            return
        }
        #expect(server.host == "db" && server.user == "u" && server.database == "d" && server.port == 3306)
        guard case .file(let path) = server.password else { return }
        #expect(path.hasSuffix("/p") && path.hasPrefix("/"))
        #expect(server.tls == .verify && server.authorities == "/ca")
    }
}
