import CMariaDB
import Glibc

/// libmariadb, for the whole process.
///
/// Threads need nothing: its `mysql_thread_init` and `mysql_thread_end` are empty, and OpenSSL frees what it keeps for a thread when
/// the thread ends.
enum MariaDBLibrary {
    /// - Returns: whether it can be used.
    static func start() -> Bool { isStarted }

    private static let isStarted: Bool = {
        guard mysql_server_init(0, nil, nil) == 0 else { return false }
        // It sends with MSG_NOSIGNAL, but OpenSSL under it does not. A handler that the program has made stays.
        var action = sigaction()
        sigaction(SIGPIPE, nil, &action)
        if unsafeBitCast(action.__sigaction_handler.sa_handler, to: Int.self) == unsafeBitCast(SIG_DFL, to: Int.self) {
            signal(SIGPIPE, SIG_IGN)
        }
        return true
    }()
}
