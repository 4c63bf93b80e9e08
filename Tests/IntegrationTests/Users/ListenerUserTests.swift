import MartletClient
import PrivateMariaDB
import Server
import Testing

/// Listeners with users, administered with `martlet users`.
@Suite struct ListenerUserTests {
    private func folder() throws -> ServerFolder {
        try ServerFolder(process: "[databases.main]\nurl = \"sqlite:main.db\"\n")
    }

    private func password(_ folder: ServerFolder, _ text: String) throws -> String {
        let path = folder.file("../password")
        try Files.replace(path, with: Array((text + "\n").utf8), mode: 0o600)
        return path
    }

    /// Runs `martlet users` and expects that it works. Returns what it prints.
    @discardableResult
    private func users(_ folder: ServerFolder, _ arguments: String...) throws -> String {
        let result = try Subprocess.run(BuildFolder.martlet, ["users"] + arguments + ["--config", folder.processFile])
        guard result.status == 0 else { throw Failure("\(arguments): \(result.errors)") }
        return result.output
    }

    private func token(in output: String) throws -> String {
        let line = output.split(separator: "\n").first { $0.contains("not shown again") }
        return String(try #require(line?.split(separator: " ").last))
    }

    @Test func aPluginInCKnowsItsClients() throws {
        let folder = try folder()
        try folder.installFixture("knows", "users = \"main\"")
        let server = try RunningServer(folder)
        let peer = Lines(try server.connect(to: "knows"))
        #expect(try peer.ask("who") == "nobody")
        #expect(try peer.ask("plain ann secret") == "denied")
        try users(
            folder, "add", "ann", "--password-file", password(folder, "secret"), "--read-only", "--prefix", "a:",
            "--prefix", "b")
        let token = try token(in: users(folder, "add", "robot", "--token"))
        #expect(try peer.ask("plain ann secret") == "you are ann read a: b")
        #expect(try peer.ask("plain ann wrong") == "denied")
        #expect(try peer.ask("token \(token)") == "you are robot")
        #expect(try peer.ask("token \(token)x") == "denied")
        #expect(try peer.ask("scram n,,n=ann,r=abc").hasPrefix("r=abc"))
        #expect(try peer.ask("scram c=biws,r=nonsense,p=AAAA") == "malformed")
        #expect(try peer.ask("other x").hasPrefix("error"))
        #expect(try peer.ask("token \(String(repeating: "x", count: 2_049))").hasPrefix("error"))
        #expect(try peer.ask("who") == "you are robot")
        try server.waitForLog("authentication failed: user")

        let rows = try server.ask("connections").connections?.rows ?? []
        #expect(rows.map(\.connection.principal) == ["robot"])
        #expect(try peer.ask("call somebody else") == "called somebody else")
        #expect(try peer.ask("call a\u{1}").hasPrefix("error"))
        let again = try server.ask("connections").connections?.rows ?? []
        #expect(again.map(\.connection.principal) == ["somebody else"])
        for secret in ["secret", token] { #expect(!server.log.contains(secret)) }
    }

    @Test func theCommandLineAdministersUsers() throws {
        let folder = try folder()
        try folder.installFixture("knows", "users = \"main\"")
        let server = try RunningServer(folder)
        let peer = Lines(try server.connect(to: "knows"))
        #expect(try users(folder, "add", "ann", "--password-file", password(folder, "one")) == "ann: added\n")
        try users(folder, "add", "ben", "--token", "--prefix", "ben/")
        let lines = try users(folder, "list").split(separator: "\n").map(String.init)
        #expect(lines.count == 3)
        #expect(lines[1].hasPrefix("ann ") && lines[1].contains("password") && lines[1].contains("read, write"))
        #expect(lines[2].hasPrefix("ben ") && lines[2].contains("token") && lines[2].contains("ben/*"))
        #expect(try users(folder, "list", "--json").contains("\"isReadOnly\" : false"))
        #expect(try peer.ask("plain ann one") == "you are ann")
        try users(folder, "passwd", "ann", "--password-file", password(folder, "two"))
        #expect(try peer.ask("plain ann one") == "denied")
        #expect(try peer.ask("plain ann two") == "you are ann")
        try users(folder, "change", "ann", "--read-only", "--prefix", "x")
        #expect(try peer.ask("plain ann two") == "you are ann read x")
        try users(folder, "change", "ann", "--read-write", "--all-keys")
        #expect(try peer.ask("plain ann two") == "you are ann")
        let token = try token(in: users(folder, "passwd", "ann", "--token"))
        #expect(try peer.ask("plain ann two") == "denied")
        #expect(try peer.ask("plain ann \(token)") == "you are ann")
        #expect(try users(folder, "remove", "ann") == "ann: removed\n")
        #expect(try peer.ask("token \(token)") == "denied")

        for (arguments, text) in [
            (["remove", "ann"], "there is no user \"ann\""),
            (["passwd", "ann", "--token"], "there is no user \"ann\""),
            (["change", "ann", "--read-only"], "there is no user \"ann\""),
            (["add", "ben", "--token"], "there is a user \"ben\" already"),
            (["list", "--database", "other"], "other: no listener has users in this database; expected one of: main"),
            (["add", "", "--token"], "expected a name of 1 to 128 bytes"),
            (["add", "x", "--token", "--password-file", "-"], "expected --token or --password-file, found both"),
            (["add", "x", "--password-file", "/nowhere"], "/nowhere: No such file or directory"),
            (["change", "ben"], "expected --read-only, --read-write, --prefix or --all-keys"),
        ] {
            let result = try Subprocess.run(
                BuildFolder.martlet, ["users"] + arguments + ["--config", folder.processFile])
            #expect(result.status != 0 && result.errors.contains(text), "\(arguments): \(result.errors)")
        }
    }

    @Test func withoutUsersTheCommandSaysHowToGetThem() throws {
        let server = try RunningServer.echo()
        let result = try server.folder.martlet("users", "list")
        #expect(result.status == 1)
        #expect(result.errors.contains("no listener has users: set users = \"DATABASE\" in its file"))
    }

    @Test func aPluginThatKnowsNoUsersIsRefused() throws {
        let folder = try folder()
        try folder.installFixture("keeps")
        let server = try RunningServer(folder)
        try folder.installEcho(on: ["127.0.0.1:0"], "users = \"main\"")
        let entry = try server.reloaded("echo")
        #expect(entry.outcome == .refused)
        #expect(entry.detail.contains("the plugin echo knows no users: it would serve everybody"), "\(entry.detail)")
        try folder.installFixture("knows", "users = \"missing\"")
        let other = try server.reloaded("knows")
        #expect(other.outcome == .refused)
        #expect(
            other.detail.contains("users: no database has the name \"missing\": there are \"main\""), "\(other.detail)")
    }

    @Test func redisClientsLogIn() throws {
        let folder = try folder()
        try folder.install(BuildFolder.plugin("RESPPlugin"), as: "resp.so")
        try folder.listen(
            "resp", plugin: "resp.so", on: ["127.0.0.1:0"], "users = \"main\"\n[options]\nstore = \"main\"")
        let server = try RunningServer(folder)
        try users(folder, "add", "ann", "--password-file", password(folder, "secret"))
        try users(folder, "add", "shop", "--password-file", password(folder, "sell"), "--prefix", "shop:")
        let port = try #require(server.address(of: "resp").text.split(separator: ":").last)
        let script = """
            import redis, sys
            port = int(sys.argv[1])
            try:
                redis.Redis(port=port).set('a', 1); sys.exit('not refused')
            except redis.exceptions.RedisError as error: assert 'Authentication required' in str(error), error
            try:
                redis.Redis(port=port, username='ann', password='wrong').ping(); sys.exit('not refused')
            except redis.exceptions.RedisError as error: assert 'WRONGPASS' in str(error), error
            ann = redis.Redis(port=port, username='ann', password='secret')
            assert ann.set('a', 1) and ann.get('a') == b'1'
            shop = redis.Redis(port=port, username='shop', password='sell')
            assert shop.set('shop:1', 2) and shop.get('shop:1') == b'2'
            try:
                shop.get('a'); sys.exit('not refused')
            except redis.exceptions.RedisError as error: assert 'No permissions' in str(error), error
            """
        let result = try Subprocess.run("/usr/bin/python3", ["-c", script, String(port)])
        #expect(result.status == 0, "\(result.errors)")
    }

    @Test func theClientLogsIn() async throws {
        let mariaDB = try PrivateMariaDB(options: ["--innodb-flush-log-at-trx-commit=1"])
        try mariaDB.administer("CREATE DATABASE people")
        let folder = try ServerFolder(
            process: "[databases.people]\nurl = \"mariadb://root@/people?socket=\(mariaDB.socket)\"\n")
        try folder.install(BuildFolder.plugin("BinaryPlugin"), as: "binary.so")
        try folder.listen("binary", plugin: "binary.so", on: ["127.0.0.1:0"], "users = \"people\"")
        let server = try RunningServer(folder)
        try users(folder, "add", "ann", "--password-file", password(folder, "secret"))
        let token = try token(in: users(folder, "add", "audit", "--token", "--read-only"))
        let address = try server.address(of: "binary").text

        func client(_ credentials: MartletClient.Credentials?) throws -> MartletClient {
            var configuration = MartletClient.Configuration()
            configuration.credentials = credentials
            return try MartletClient(address, configuration)
        }
        let ann = try client(.password(user: "ann", "secret"))
        try await ann.put(Array("k".utf8), Array("v".utf8))
        #expect(try await ann.get(Array("k".utf8)) == Array("v".utf8))
        let audit = try client(.token(token))
        #expect(try await audit.get(Array("k".utf8)) == Array("v".utf8))
        await #expect(throws: MartletClientError.self) { try await audit.put(Array("k".utf8), Array("w".utf8)) }
        do {
            _ = try await client(.password(user: "ann", "wrong")).get(Array("k".utf8))
            Issue.record("a wrong password was taken")
        } catch {
            #expect("\(error)".contains("authentication-failed"), "\(error)")
            #expect(!"\(error)".contains("wrong"))
        }
        do {
            _ = try await client(nil).get(Array("k".utf8))
            Issue.record("nobody was served")
        } catch {
            #expect("\(error)".contains("authentication-required"), "\(error)")
        }

        let get = try Subprocess.run(
            BuildFolder.martlet,
            ["binary", "get", address, "k", "--user", "ann", "--password-file", password(folder, "secret")])
        #expect(get.status == 0 && get.output.contains("v"), "\(get.errors)")
        let refused = try Subprocess.run(
            BuildFolder.martlet,
            ["binary", "put", address, "k", "x", "--token-file", password(folder, token)])
        #expect(refused.status == 1 && refused.errors.contains("not-permitted"), "\(refused.errors)")
        await ann.close()
        await audit.close()
    }
}
