import Foundation

package let serverProgram =
    ["/usr/sbin/mariadbd", "/usr/libexec/mariadbd"].first { (path: String) in access(path, X_OK) == 0 } ?? "mariadbd"

package let userName = String(cString: getpwuid(getuid()).pointee.pw_name)

/// A port on which nobody listens. Another program could take it before the server does, which then says so and ends.
package func freePort() throws -> UInt16 {
    let descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
    defer { close(descriptor) }
    var address = sockaddr_in()
    address.sin_family = sa_family_t(AF_INET)
    address.sin_addr.s_addr = inet_addr("127.0.0.1")
    var length = socklen_t(MemoryLayout<sockaddr_in>.size)
    let code = withUnsafeMutablePointer(to: &address) {
        $0.withMemoryRebound(to: sockaddr.self, capacity: 1) { address in
            bind(descriptor, address, length) == 0 ? getsockname(descriptor, address, &length) : -1
        }
    }
    guard code == 0 else { throw PrivateMariaDB.Failure(description: "bind: \(errno)") }
    return UInt16(bigEndian: address.sin_port)
}

/// Starts a program, with its standard output and error in a file.
package func spawn(_ program: String, _ arguments: [String], input: Int32? = nil, output: String) throws -> pid_t {
    var actions = posix_spawn_file_actions_t()
    posix_spawn_file_actions_init(&actions)
    defer { posix_spawn_file_actions_destroy(&actions) }
    if let input {
        posix_spawn_file_actions_adddup2(&actions, input, 0)
    } else {
        posix_spawn_file_actions_addopen(&actions, 0, "/dev/null", O_RDONLY, 0)
    }
    posix_spawn_file_actions_addopen(&actions, 1, output, O_WRONLY | O_CREAT | O_APPEND, 0o600)
    posix_spawn_file_actions_adddup2(&actions, 1, 2)
    var pid: pid_t = 0
    let words: [UnsafeMutablePointer<CChar>?] = ([program] + arguments).map { strdup($0) } + [nil]
    defer { for word in words { free(word) } }
    let code = posix_spawn(&pid, program, &actions, nil, words, environ)
    guard code == 0 else { throw PrivateMariaDB.Failure(description: "\(program): error \(code)") }
    return pid
}

/// Runs a program to its end, in a folder.
package func runTool(_ program: String, _ arguments: String..., log: String) throws {
    var status: Int32 = 0
    waitpid(try spawn(program, arguments, output: log), &status, 0)
    guard status == 0 else { throw PrivateMariaDB.Failure(description: "\(program) has failed: see \(log)") }
}
