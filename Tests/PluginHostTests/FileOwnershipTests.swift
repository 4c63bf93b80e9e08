import Glibc
import Testing

@testable import Instances
@testable import PluginHost

/// The policy alone: the owner, the mode, and the user of the server.
@Suite struct FileOwnershipTests {
    private static let (file, folder) = (mode_t(S_IFREG), mode_t(S_IFDIR))

    struct Case: Sendable, CustomTestStringConvertible {
        let mode: mode_t
        let owner: uid_t
        let user: uid_t
        let defect: FileOwnership.Defect?
        var testDescription: String { "\(String(mode, radix: 8)) of \(owner), seen by \(user)" }
    }

    /// Owners that are root or the server's user: (owner, user).
    private static let friends: [(uid_t, uid_t)] = [(0, 0), (0, 1000), (1000, 1000)]
    private static let strangers: [(uid_t, uid_t)] = [(1000, 0), (1001, 1000), (65534, 0), (65534, 1000)]

    private static func cases(
        _ modes: [mode_t], _ owners: [(uid_t, uid_t)], _ defect: FileOwnership.Defect?
    ) -> [Case] {
        modes.flatMap { mode in owners.map { Case(mode: mode, owner: $0.0, user: $0.1, defect: defect) } }
    }

    private static let goodFiles: [mode_t] = [0o400, 0o600, 0o644, 0o755, 0o4755, 0o555].map { file | $0 }
    // The sticky bit of a file means nothing.
    private static let openFiles: [mode_t] = [0o664, 0o646, 0o777, 0o020, 0o002, 0o1666].map { file | $0 }
    private static let goodFolders: [mode_t] = [0o700, 0o755, 0o1755, 0o2755].map { folder | $0 }
    private static let openFolders: [mode_t] = [0o775, 0o2775, 0o777, 0o757].map { folder | $0 }
    private static let sharedFolders: [mode_t] = [0o1777, 0o1775].map { folder | $0 }

    private static let cases: [Case] = [
        cases(goodFiles + goodFolders, friends, nil), cases(openFiles + openFolders, friends, .writableByOthers),
        cases(sharedFolders, friends, .shared),
        cases(goodFiles + openFiles + goodFolders + sharedFolders, strangers, .stranger),
    ].flatMap { $0 }

    @Test(arguments: cases)
    func judges(_ entry: Case) {
        #expect(FileOwnership(mode: entry.mode, owner: entry.owner).defect(for: entry.user) == entry.defect)
    }

    @Test func reportsTheModeTheOwnerAndTheRemedy() {
        let path = "plugins.d/http.so"
        func problem(_ mode: mode_t, _ owner: uid_t) -> String? {
            FileOwnership(mode: mode, owner: owner).problem(path: path, user: 1000)
        }
        #expect(problem(Self.file | 0o644, 1000) == nil)
        #expect(
            problem(Self.file | 0o664, 1000)
                == "users other than its owner can write it (mode 0664): chmod go-w plugins.d/http.so")
        #expect(
            problem(Self.file | 0o4, 1001)
                == "belongs to user 1001, not to root or this server's user 1000 (mode 0004): "
                + "chown 1000 plugins.d/http.so")
        #expect(
            problem(Self.folder | 0o1777, 0)
                == "any user can create files in it (mode 1777): use a folder that only its owner can write")
    }

    @Test(arguments: [
        ("plugins.d/http-1.0_2.so", "plugins.d/http-1.0_2.so"), ("/srv/Größe.so", "/srv/Größe.so"),
        ("a b.so", "'a b.so'"), ("a;rm -rf x", "'a;rm -rf x'"), ("$(x)", "'$(x)'"), ("it's", #"'it'\''s'"#),
        ("-rf", "'./-rf'"), ("", "''"), ("a\nb", "'a\nb'"),
    ])
    func theCommandInAMessageIsSafeToCopy(path: String, word: String) {
        #expect(shellWord(path) == word)
    }
}
