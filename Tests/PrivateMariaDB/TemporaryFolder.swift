import Foundation

/// A folder that is removed with this object, or with this process however that ends. A server that uses it is killed first.
package final class TemporaryFolder {
    package let path: String
    /// Of a shell that waits for the end of this process.
    private let watcher: pid_t
    private let end: Int32

    package init() throws {
        var name = Array("\(NSTemporaryDirectory())/martlet.XXXXXX".utf8CString)
        guard mkdtemp(&name) != nil else { throw PrivateMariaDB.Failure(description: "mkdtemp: \(errno)") }
        path = String(decoding: name.dropLast().map(UInt8.init), as: UTF8.self)
        // No other child may hold the end that stays here.
        var ends: [Int32] = [0, 0]
        let type = Int32(SOCK_STREAM.rawValue | SOCK_CLOEXEC.rawValue)
        guard socketpair(AF_UNIX, type, 0, &ends) == 0 else {
            throw PrivateMariaDB.Failure(description: "socketpair: \(errno)")
        }
        let script = """
            read end
            for process in /proc/[0-9]*; do
                [ "$(readlink $process/exe)" = '\(serverProgram)' ] && grep -q '\(path)' $process/cmdline && kill -9 ${process#/proc/}
            done
            rm -rf '\(path)'
            """
        watcher = try spawn("/bin/sh", ["-c", script], input: ends[0], output: "/dev/null")
        end = ends[1]
        close(ends[0])
    }

    deinit {
        close(end)
        waitpid(watcher, nil, 0)
    }
}
