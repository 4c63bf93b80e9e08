import DatabasePools
import Databases
import MariaDB
import PrivateMariaDB
import SCRAM
import SQL
import SQLite
import Synchronization
import Testing
import Threads

@testable import Users

/// Users in SQLite and in MariaDB.
@Suite struct UserDirectoryTests {
    enum Kind: CaseIterable { case sqlite, mariaDB }

    /// A directory of users, and its clock.
    final class Office: Sendable {
        let directory: UserDirectory
        let database: any Database
        private let time: Clock
        private let keep: [any Sendable]

        final class Clock: Sendable {
            let now = Atomic<UInt64>(1_000_000_000_000)
        }

        init(_ kind: Kind) throws {
            let time = Clock()
            self.time = time
            switch kind {
            case .sqlite:
                database = try MemoryDatabase(name: "main")
                keep = []
            case .mariaDB:
                let server = try PrivateMariaDB()
                try server.administer("CREATE DATABASE people")
                var place = MariaDBSettings(user: "root", database: "people")
                place.socket = server.socket
                let databases = Databases([DatabaseSettings(name: "main", place: .mariaDB(place), pool: PoolSettings())]
                )
                database = try #require(try databases.database("main"))
                keep = [ServerHold(server), databases]
            }
            directory = UserDirectory(database, clock: { time.now.load(ordering: .relaxed) })
        }

        private final class ServerHold: @unchecked Sendable {
            let server: PrivateMariaDB
            init(_ server: PrivateMariaDB) { self.server = server }
        }

        func pass(seconds: UInt64) { time.now.add(seconds * 1_000_000_000, ordering: .relaxed) }

        deinit {
            directory.stop()
            for case let databases as Databases in keep { databases.stop() }
        }

        func add(_ user: User, _ credential: Credential) throws {
            _ = try directory.answer(.add(UserRecord(user, credential, now: 1)))
        }

        func step(
            _ mechanism: AuthenticationStep.Mechanism, _ message: String, from network: UInt64 = 1,
            on connection: UInt64 = 1
        ) -> Authentication {
            step(mechanism, Array(message.utf8), from: network, on: connection)
        }

        func step(
            _ mechanism: AuthenticationStep.Mechanism, _ message: [UInt8], from network: UInt64 = 1,
            on connection: UInt64 = 1
        ) -> Authentication {
            let reply = Reply<Authentication>()
            let step = AuthenticationStep(
                mechanism, message, from: PeerNetwork(high: network, low: 0), on: connection)
            #expect(directory.submit(step) { reply.set($0) })
            return reply.wait()
        }

        /// A whole exchange of SCRAM.
        func prove(_ name: String, _ password: String, on connection: UInt64 = 1) throws -> Authentication {
            var client = SCRAMClient(user: Array(name.utf8), password: Array(password.utf8), nonce: SCRAM.newNonce())
            guard case .goesOn(let challenge) = step(.scram, client.first, on: connection) else {
                return .malformed("no challenge")
            }
            let outcome = step(.scram, try client.respond(to: challenge), on: connection)
            if case .done(_, let message) = outcome { #expect(client.isProven(by: message)) }
            return outcome
        }
    }

    private let ann = User(name: "ann", isReadOnly: true, prefixes: ["a:", "shared/ä"])

    @Test(arguments: Kind.allCases) func aUserLogsInWithItsPassword(_ kind: Kind) throws {
        let office = try Office(kind)
        #expect(office.step(.plain, "\0ann\0secret") == .denied(name: "ann"), "there is nobody yet")
        try office.add(ann, Credential(password: "secret"))
        #expect(office.step(.plain, "\0ann\0secret") == .done(ann, message: []))
        #expect(office.step(.plain, "ann\0ann\0secret") == .done(ann, message: []), "from the cache")
        #expect(office.step(.plain, "\0ann\0secret ") == .denied(name: "ann"))
        #expect(office.step(.plain, "\0Ann\0secret") == .denied(name: "Ann"))
        #expect(office.step(.plain, "\0ann \0secret") == .denied(name: "ann "))
        guard case .done(ann, _) = try office.prove("ann", "secret") else {
            Issue.record("expected ann")
            return
        }
        #expect(try office.prove("ann", "Secret") == .denied(name: "ann"))
        #expect(try office.prove("bob", "secret") == .denied(name: "bob"))
    }

    @Test(arguments: Kind.allCases) func aTokenIsEnough(_ kind: Kind) throws {
        let office = try Office(kind)
        let (token, credential) = Credential.newToken()
        let robot = User(name: "robot")
        try office.add(robot, credential)
        #expect(office.step(.token, token) == .done(robot, message: []))
        #expect(
            office.step(.plain, "\0robot\0\(token)") == .done(robot, message: []),
            "for clients that know only passwords")
        #expect(office.step(.token, token.dropLast() + "x") == .denied(name: nil))
        #expect(office.step(.plain, "\0robot\0martlet_0") == .denied(name: "robot"))
        #expect(try office.prove("robot", token) == .denied(name: "robot"))
        try office.add(ann, Credential(password: "secret"))
        #expect(office.step(.token, "secret") == .denied(name: nil), "a password is no token")
    }

    @Test(arguments: Kind.allCases) func usersAreAdministered(_ kind: Kind) throws {
        let office = try Office(kind)
        let directory = office.directory
        for name in ["cäsar", "ann", "b b"] { try office.add(User(name: name), Credential(password: "p")) }
        #expect(try directory.answer(.list(after: "")).map(\.user.name) == ["ann", "b b", "cäsar"])
        #expect(try directory.answer(.list(after: "b b")).map(\.user.name) == ["cäsar"])
        #expect(throws: UserProblem.exists("ann")) { try office.add(ann, Credential(password: "q")) }
        #expect(throws: UserProblem.unknown("b")) { try directory.answer(.find("b")) }
        #expect(throws: UserProblem.unknown("b")) { try directory.answer(.remove("b")) }
        #expect(throws: UserProblem.unknown("b")) {
            try directory.answer(.change("b", UserChange(isReadOnly: true), now: 2))
        }

        #expect(office.step(.plain, "\0ann\0p") == .done(User(name: "ann"), message: []))
        let limited = try directory.answer(
            .change("ann", UserChange(isReadOnly: true, prefixes: ann.prefixes), now: 7))
        #expect(limited.map(\.user) == [ann])
        #expect(limited.map(\.changed) == [7])
        #expect(office.step(.plain, "\0ann\0p") == .done(ann, message: []), "at once")
        _ = try directory.answer(.change("ann", UserChange(credential: Credential(password: "new")), now: 8))
        #expect(office.step(.plain, "\0ann\0p") == .denied(name: "ann"))
        #expect(office.step(.plain, "\0ann\0new") == .done(ann, message: []))
        let (token, credential) = Credential.newToken()
        _ = try directory.answer(.change("ann", UserChange(credential: credential), now: 9))
        #expect(office.step(.plain, "\0ann\0new") == .denied(name: "ann"))
        #expect(office.step(.token, token) == .done(ann, message: []))

        #expect(try directory.answer(.remove("ann")).isEmpty)
        #expect(office.step(.token, token) == .denied(name: nil))
        #expect(try directory.answer(.list(after: "")).count == 2)
    }

    @Test(arguments: [
        User(name: ""), User(name: "a\nb"), User(name: "a\0"), User(name: String(repeating: "x", count: 129)),
        User(name: "a", prefixes: [""]), User(name: "a", prefixes: ["a\nb"]),
        User(name: "a", prefixes: [String(repeating: "x", count: 513)]),
        User(name: "a", prefixes: Array(repeating: "p", count: 65)),
    ])
    func aUserWithoutSenseIsRefused(_ user: User) throws {
        let office = try Office(.sqlite)
        let problem = #expect(throws: UserProblem.self) { try office.add(user, Credential(password: "p")) }
        guard case .invalid = problem else {
            Issue.record("\(String(describing: problem))")
            return
        }
        #expect(throws: UserProblem.self) {
            try office.directory.answer(.change("b", UserChange(prefixes: [""]), now: 1))
        }
    }

    @Test(
        arguments: [
            (.plain, ""), (.plain, "a"), (.plain, "\0a"), (.plain, "b\0a\0p"), (.plain, "\0a\0p\0"), (.token, ""),
            (.scram, ""),
            (.scram, "n,,n=a"), (.scram, "p=x,,n=a,r=x"),
        ] as [(AuthenticationStep.Mechanism, String)])
    func aMalformedMessageIsNoFailure(_ mechanism: AuthenticationStep.Mechanism, _ message: String) throws {
        let office = try Office(.sqlite)
        for _ in 0..<200 {
            guard case .malformed = office.step(mechanism, message) else {
                Issue.record("\(message) was taken")
                return
            }
        }
    }

    @Test func guessesAreSlowedDown() throws {
        let office = try Office(.sqlite)
        try office.add(ann, Credential(password: "secret"))
        for guess in 0..<10 { #expect(office.step(.plain, "\0ann\0\(guess)") == .denied(name: "ann")) }
        #expect(office.step(.plain, "\0ann\0secret") == .limited(name: "ann"), "even the right one")
        #expect(try office.prove("ann", "secret") == .malformed("no challenge"))
        #expect(office.step(.plain, "\0ann\0secret", from: 2) == .done(ann, message: []))
        office.pass(seconds: 7)
        #expect(office.step(.plain, "\0ann\0secret") == .done(ann, message: []))
    }

    @Test func proofsThatBeganBeforeTheLimitAreLimitedToo() throws {
        let office = try Office(.sqlite)
        try office.add(ann, Credential(password: "secret"))
        var clients: [SCRAMClient] = []
        var finals: [[UInt8]] = []
        for number in 0..<12 {
            var client = SCRAMClient(user: Array("ann".utf8), password: [UInt8(number)], nonce: SCRAM.newNonce())
            guard case .goesOn(let challenge) = office.step(.scram, client.first, on: UInt64(number)) else {
                Issue.record("no challenge")
                return
            }
            finals.append(try client.respond(to: challenge))
            clients.append(client)
        }
        let outcomes = finals.enumerated().map { office.step(.scram, $1, on: UInt64($0)) }
        #expect(outcomes.prefix(10).allSatisfy { $0 == .denied(name: "ann") })
        #expect(outcomes.suffix(2).allSatisfy { $0 == .limited(name: "ann") })
    }

    @Test func guessedTokensAreSlowedDown() throws {
        let office = try Office(.sqlite)
        let (token, credential) = Credential.newToken()
        let robot = User(name: "robot")
        try office.add(robot, credential)
        #expect(office.step(.token, token) == .done(robot, message: []))
        for guess in 0..<100 { #expect(office.step(.token, "martlet_\(guess)") == .denied(name: nil)) }
        #expect(office.step(.token, "martlet_100") == .limited(name: nil))
        #expect(office.step(.token, token) == .done(robot, message: []), "it has logged in from there before")
    }

    @Test func aNameThatNobodyHasLooksLikeAnyOther() throws {
        let office = try Office(.sqlite)
        func salt(_ name: String) -> [UInt8]? {
            let client = SCRAMClient(user: Array(name.utf8), password: [], nonce: SCRAM.newNonce())
            guard case .goesOn(let challenge) = office.step(.scram, client.first) else { return nil }
            // Forgets the exchange.
            _ = office.step(.scram, "x")
            return challenge.split(separator: UInt8(ascii: ",")).dropFirst().first.map(Array.init)
        }
        let (first, again, other) = (salt("nobody"), salt("nobody"), salt("no one"))
        #expect(first != nil)
        #expect(first == again)
        #expect(first != other)
    }

    @Test func anExchangeEndsAfterThirtySeconds() throws {
        let office = try Office(.sqlite)
        try office.add(ann, Credential(password: "secret"))
        var client = SCRAMClient(user: Array("ann".utf8), password: Array("secret".utf8), nonce: SCRAM.newNonce())
        guard case .goesOn(let challenge) = office.step(.scram, client.first) else {
            Issue.record("no challenge")
            return
        }
        office.pass(seconds: 31)
        #expect(
            office.step(.scram, try client.respond(to: challenge)) == .malformed("the exchange began too long ago"))
        guard case .done = try office.prove("ann", "secret") else {
            Issue.record("expected ann")
            return
        }
    }

    @Test func aRowThatMakesNoSenseLetsNobodyIn() throws {
        let office = try Office(.sqlite)
        try office.add(ann, Credential(password: "secret"))
        for change in ["rights = 2", "stored_key = x'00'", "iterations = 1", "salt = NULL"] {
            let reply = Reply<Job.Outcome>()
            let command = Command(office.database.statement("UPDATE martlet_users SET \(change)"))
            _ = office.database.submit(Job([command]) { reply.set($0) })
            _ = try reply.wait().get()
            office.pass(seconds: 6)
            guard case .away(let text) = office.step(.plain, "\0ann\0secret") else {
                Issue.record("\(change): taken")
                return
            }
            #expect(text.contains("martlet_users makes no sense: ann"), "\(text)")
        }
    }

    @Test func aChangeOfAnotherServerIsSeenAfterFiveSeconds() throws {
        let office = try Office(.sqlite)
        try office.add(ann, Credential(password: "secret"))
        #expect(office.step(.plain, "\0ann\0secret") == .done(ann, message: []))
        let other = UserDirectory(office.database)
        _ = try other.answer(.remove("ann"))
        office.pass(seconds: 6)
        #expect(office.step(.plain, "\0ann\0secret") == .denied(name: "ann"))
    }

    @Test func usersOfAServerThatIsAwayAreAway() throws {
        let server = try PrivateMariaDB(options: ["--innodb-flush-log-at-trx-commit=1"])
        try server.administer("CREATE DATABASE people")
        var place = MariaDBSettings(user: "root", database: "people")
        place.socket = server.socket
        var pool = PoolSettings()
        pool.longestBackOffNanoseconds = 50_000_000
        let databases = Databases([DatabaseSettings(name: "main", place: .mariaDB(place), pool: pool)])
        defer { databases.stop() }
        let directory = UserDirectory(try #require(try databases.database("main")))
        _ = try directory.answer(.add(UserRecord(ann, Credential(password: "secret"), now: 1)))
        server.kill()
        let step = AuthenticationStep(.plain, Array("\0ann\0secret".utf8), from: PeerNetwork(high: 1, low: 1), on: 1)
        guard case .away(let text) = directory.take(step) else {
            Issue.record("expected that it is away")
            return
        }
        #expect(text.contains("database \"main\""))
        #expect(throws: UserProblem.self) { try directory.answer(.list(after: "")) }
        try server.start()
        // The pool looks for it by itself.
        let deadline = Deadline.after(milliseconds: 20_000)
        while directory.take(step) != .done(ann, message: []) { try #require(!deadline.isOver) }
    }
}
