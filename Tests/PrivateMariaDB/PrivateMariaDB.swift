import Foundation
import MariaDB

/// A server of MariaDB with files of its own in a temporary folder, reached over a Unix socket and a port of 127.0.0.1. It ends with
/// this object, or with this process however that ends.
package final class PrivateMariaDB: @unchecked Sendable {
    package struct Failure: Error, CustomStringConvertible { package let description: String }

    private let temporary: TemporaryFolder
    package private(set) var port: UInt16 = 0
    private let options: [String]
    package private(set) var pid: pid_t = 0

    /// For tests that neither stop it nor change what all its sessions share.
    package static let shared = Result { try PrivateMariaDB() }

    package init(options: [String] = []) throws {
        temporary = try TemporaryFolder()
        try DataTemplate.copy(to: "\(temporary.path)/data")
        self.options = options
        try start()
    }

    deinit { kill() }

    private var folder: String { temporary.path }
    package var socket: String { "\(folder)/socket" }

    /// As root, who may do everything.
    package var administrator: MariaDBAddress { MariaDBAddress(.unixSocket(path: socket), user: "root") }

    package func start() throws {
        port = try freePort()
        pid = try spawn(
            serverProgram,
            ["--no-defaults", "--user=\(userName)", "--datadir=\(folder)/data", "--socket=\(socket)"]
                + ["--bind-address=127.0.0.1", "--port=\(port)", "--tmpdir=\(folder)"]
                + ["--innodb-buffer-pool-size=8M", "--innodb-log-file-size=4M", "--innodb-flush-log-at-trx-commit=0"]
                + ["--key-buffer-size=64K", "--aria-pagecache-buffer-size=1M", "--performance-schema=OFF"]
                + ["--skip-log-bin", "--max-allowed-packet=16M", "--skip-name-resolve"] + options,
            output: "\(folder)/log")
        while true {
            do {
                _ = try MariaDBConnection(administrator)
                return
            } catch let error where hasEnded {
                pid = 0
                let log = (try? String(contentsOfFile: "\(folder)/log", encoding: .utf8)) ?? ""
                throw Failure(description: "mariadbd has ended: \(error): \(log)")
            } catch {
                usleep(2_000)
            }
        }
    }

    private var hasEnded: Bool { waitpid(pid, nil, WNOHANG) != 0 }

    /// As `kill -9` does.
    package func kill() {
        guard pid != 0 else { return }
        Foundation.kill(pid, SIGKILL)
        waitpid(pid, nil, 0)
        pid = 0
    }

    /// Returns when none of its threads runs any more.
    package func stop() {
        Foundation.kill(pid, SIGSTOP)
        waitpid(pid, nil, WUNTRACED)
    }

    package func resume() { Foundation.kill(pid, SIGCONT) }

    /// An address of a new, empty database, with all rights on it.
    package func makeDatabase() throws -> MariaDBAddress {
        let name = "test_\(UInt64.random(in: 0 ... .max))"
        try administer("CREATE DATABASE \(name)")
        var address = administrator
        address.database = name
        return address
    }

    /// Runs statements as root.
    package func administer(_ statements: String...) throws {
        let connection = try MariaDBConnection(administrator)
        for statement in statements { try connection.query(statement) }
    }
}

/// The folder that mariadb-install-db makes, once for all tests of a user and a version.
private enum DataTemplate {
    private static let path: Result<String, any Error> = Result {
        let size = try FileManager.default.attributesOfItem(atPath: serverProgram)[.size]!
        let path = "\(NSTemporaryDirectory())/martlet-mariadb-\(getuid())-\(size)"
        let lock = open("\(path).lock", O_CREAT | O_RDWR | O_CLOEXEC, 0o600)
        defer { close(lock) }
        flock(lock, LOCK_EX)
        guard !FileManager.default.fileExists(atPath: path) else { return path }
        let unfinished = "\(path).unfinished"
        try? FileManager.default.removeItem(atPath: unfinished)
        let installer = try spawn(
            "/usr/bin/mariadb-install-db",
            ["--no-defaults", "--user=\(userName)", "--datadir=\(unfinished)", "--skip-test-db"]
                + ["--auth-root-authentication-method=normal", "--innodb-log-file-size=4M"],
            output: "\(path).log")
        var status: Int32 = 0
        waitpid(installer, &status, 0)
        guard status == 0 else { throw PrivateMariaDB.Failure(description: "mariadb-install-db: see \(path).log") }
        try FileManager.default.moveItem(atPath: unfinished, toPath: path)
        return path
    }

    static func copy(to folder: String) throws { try FileManager.default.copyItem(atPath: path.get(), toPath: folder) }
}
