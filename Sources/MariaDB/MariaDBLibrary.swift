import CMariaDB
import Glibc
import SQL

/// libmariadb, for the whole process. It is opened when the first connection needs it.
///
/// Threads need nothing: its `mysql_thread_init` and `mysql_thread_end` are empty, and OpenSSL frees what it keeps for a thread when
/// the thread ends.
enum MariaDBLibrary {
    static let name = "libmariadb.so.3"

    static func start() throws(DatabaseError) {
        if let problem { throw DatabaseError(.away, "\(name) cannot be used (Debian: libmariadb3): \(problem)") }
    }

    private static let problem: String? = {
        if let problem = cmariadb_open(name) { return String(cString: problem) }
        guard mysql_server_init(0, nil, nil) == 0 else { return "no memory" }
        // It sends with MSG_NOSIGNAL, but OpenSSL under it does not. A handler that the program has made stays.
        var action = sigaction()
        sigaction(SIGPIPE, nil, &action)
        if unsafeBitCast(action.__sigaction_handler.sa_handler, to: Int.self) == unsafeBitCast(SIG_DFL, to: Int.self) {
            signal(SIGPIPE, SIG_IGN)
        }
        return nil
    }()
}
