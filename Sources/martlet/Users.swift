import ArgumentParser
import Glibc
import Server
import Users

struct UsersCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "users",
        abstract: "Add, change and remove those who may use listeners.",
        discussion: """
            Users are in a database: the key users of a listener's file names a table [databases.NAME] of martlet.toml. Such a listener serves \
            nobody who has not logged in: with AUTH at RESP, with authenticate at the binary protocol. Other listeners serve everybody who \
            reaches them.

            The database keeps no password and no token, only what checks them. What you change counts at the next login, at other servers \
            with the same database 5 s later. Connections that are open stay as they are.

            EXAMPLES
              martlet users add ann                          asks for a password
              martlet users add ann --password-file ann.txt  or reads it
              martlet users add robot --token                makes a token, and prints it once
              martlet users add shop --prefix shop: --prefix cart:   may use only keys that begin so
              martlet users add audit --read-only --token
              martlet users passwd ann                       a new password
              martlet users change ann --read-write
              martlet users list
              martlet users remove ann

            EXIT STATUS
              0   done
              1   refused: the message says why
              3   no server answers
            """,
        subcommands: [List.self, Add.self, Change.self, Passwd.self, Remove.self],
        defaultSubcommand: List.self)

    struct List: ParsableCommand {
        static let configuration = CommandConfiguration(abstract: "List the users, in the order of their names.")
        @OptionGroup var place: UsersPlace

        func run() throws {
            var rows: [UserRow] = []
            while true {
                let page = try place.ask(.list(after: rows.last?.name ?? ""))
                rows += page
                if page.isEmpty { break }
            }
            if place.server.json { return try printJSON(rows) }
            printTable(
                [["NAME", "SECRET", "RIGHTS", "KEYS", "CHANGED"]]
                    + rows.map {
                        [
                            $0.name, $0.secret.rawValue, $0.isReadOnly ? "read" : "read, write",
                            $0.prefixes.isEmpty ? "all" : $0.prefixes.map { "\($0)*" }.joined(separator: " "),
                            formatDate($0.changed),
                        ]
                    })
        }
    }

    struct Add: ParsableCommand {
        static let configuration = CommandConfiguration(abstract: "Add a user, with a password or a token.")
        @Argument(help: "The name: 1 to \(User.nameLimit) bytes.")
        var name: String
        @OptionGroup var secret: SecretOptions
        @Flag(help: "It must not change anything.")
        var readOnly = false
        @Option(
            help: ArgumentHelp(
                "It may only use keys that begin so. Several may be given.", discussion: "Default: all keys.",
                valueName: "text"))
        var prefix: [String] = []
        @OptionGroup var place: UsersPlace

        func run() throws {
            let user = User(name: name, isReadOnly: readOnly, prefixes: prefix)
            if let problem = user.problem { throw ValidationError("\(name): \(problem)") }
            let made = try secret.make()
            try place.finish(.add(UserRecord(user, made.credential, now: now())), "\(name): added", token: made.token)
        }
    }

    struct Change: ParsableCommand {
        static let configuration = CommandConfiguration(abstract: "Change what a user may do.")
        @Argument(help: "The name.")
        var name: String
        @Flag(exclusivity: .exclusive, help: "Whether it may change anything.")
        var rights: Rights?
        @Option(
            help: ArgumentHelp("It may only use keys that begin so. Several may be given.", valueName: "text"))
        var prefix: [String] = []
        @Flag(help: "It may use all keys.")
        var allKeys = false
        @OptionGroup var place: UsersPlace

        enum Rights: String, EnumerableFlag {
            case readOnly, readWrite
        }

        func validate() throws {
            guard rights != nil || allKeys || !prefix.isEmpty else {
                throw ValidationError("expected --read-only, --read-write, --prefix or --all-keys")
            }
            if allKeys, !prefix.isEmpty { throw ValidationError("expected --prefix or --all-keys, found both") }
        }

        func run() throws {
            let change = UserChange(
                isReadOnly: rights.map { $0 == .readOnly }, prefixes: allKeys ? [] : prefix.isEmpty ? nil : prefix)
            try place.finish(.change(name, change, now: now()), "\(name): changed")
        }
    }

    struct Passwd: ParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Give a user another password or token. The old one is of no use any more.")
        @Argument(help: "The name.")
        var name: String
        @OptionGroup var secret: SecretOptions
        @OptionGroup var place: UsersPlace

        func run() throws {
            _ = try place.ask(.find(name))
            let made = try secret.make()
            let question = UserQuestion.change(name, UserChange(credential: made.credential), now: now())
            try place.finish(question, "\(name): changed", token: made.token)
        }
    }

    struct Remove: ParsableCommand {
        static let configuration = CommandConfiguration(abstract: "Remove a user.")
        @Argument(help: "The name.")
        var name: String
        @OptionGroup var place: UsersPlace

        func run() throws { try place.finish(.remove(name), "\(name): removed") }
    }
}

/// Which users.
struct UsersPlace: ParsableArguments {
    @Option(
        help: ArgumentHelp(
            "The database that has them.", discussion: "Default: the only one that listeners name.", valueName: "name"))
    var database: String?
    @OptionGroup var server: ServerOptions

    func ask(_ users: UserQuestion) throws -> [UserRow] {
        var question = ControlQuestion(.users)
        (question.users, question.database) = (users, database)
        return try server.ask(question).users ?? []
    }

    /// - Parameter token: one that was made.
    func finish(_ question: UserQuestion, _ message: String, token: String? = nil) throws {
        struct Done: Encodable {
            var user: UserRow?
            /// Nobody can see it again.
            var token: String?
        }
        let rows = try ask(question)
        if server.json { return try printJSON(Done(user: rows.first, token: token)) }
        print(message)
        if let token { print("token, which is not shown again: \(token)") }
    }
}

/// The password or token of a user.
struct SecretOptions: ParsableArguments {
    @Option(
        help: ArgumentHelp(
            "Read the password from the first line of a file; -: from standard input.",
            discussion: "Default: ask for it on the terminal.", valueName: "file"))
    var passwordFile: String?
    @Flag(help: "Make a token instead of a password, and print it.")
    var token = false

    func validate() throws {
        if token, passwordFile != nil { throw ValidationError("expected --token or --password-file, found both") }
    }

    func make() throws -> (token: String?, credential: Credential) {
        if token {
            let made = Credential.newToken()
            return (made.token, made.credential)
        }
        let password = try Password.read(passwordFile)
        guard !password.isEmpty, password.utf8.count <= 1_024, !password.utf8.contains(0) else {
            throw ValidationError("expected a password of 1 to 1,024 bytes without NUL")
        }
        return (nil, Credential(password: password))
    }
}

/// Seconds since 1970.
private func now() -> Int64 { Int64(time(nil)) }

/// In the local time of the terminal.
private func formatDate(_ seconds: Int64) -> String {
    var (seconds, parts) = (time_t(seconds), tm())
    localtime_r(&seconds, &parts)
    var text = [CChar](repeating: 0, count: 32)
    let count = strftime(&text, text.count, "%Y-%m-%d %H:%M", &parts)
    return String(decoding: text.prefix(count).map(UInt8.init(bitPattern:)), as: UTF8.self)
}
