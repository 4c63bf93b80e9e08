import FoundationEssentials
import Glibc

/// The command line's side of the control socket.
package struct ControlClient: Sendable {
    package struct Problem: Error, CustomStringConvertible {
        package let description: String
        /// True when no server is there; false for every other failure.
        package let isAbsent: Bool
    }

    private let path: String

    package init(path: String) { self.path = path }

    package func ask(_ request: ControlRequest) throws(Problem) -> ControlAnswer { try ask(ControlQuestion(request)) }

    /// Asks and waits for the answer: up to two minutes, because a reload may have plugins to probe.
    package func ask(_ question: ControlQuestion) throws(Problem) -> ControlAnswer {
        let descriptor = try connect()
        defer { close(descriptor) }
        var timeout = timeval(tv_sec: 120, tv_usec: 0)
        setsockopt(descriptor, SOL_SOCKET, SO_RCVTIMEO, &timeout, socklen_t(MemoryLayout<timeval>.size))
        guard var bytes = try? JSONEncoder().encode(question) else {
            throw Problem(description: "cannot encode the request", isAbsent: false)
        }
        bytes.append(UInt8(ascii: "\n"))
        guard writeAll(descriptor, Array(bytes)), let line = readLine(descriptor, limit: 64 << 20) else {
            throw Problem(description: "the server at \(path) did not answer", isAbsent: false)
        }
        guard let answer = try? JSONDecoder().decode(ControlAnswer.self, from: Data(line)) else {
            throw Problem(description: "the server at \(path) gave an answer that cannot be read", isAbsent: false)
        }
        if let error = answer.error { throw Problem(description: error, isAbsent: false) }
        return answer
    }

    private func connect() throws(Problem) -> Int32 {
        var address = sockaddr_un()
        address.sun_family = sa_family_t(AF_UNIX)
        guard path.utf8.count < MemoryLayout.size(ofValue: address.sun_path) else {
            throw Problem(description: "the path \(path) is too long for a socket", isAbsent: false)
        }
        withUnsafeMutableBytes(of: &address.sun_path) { $0.copyBytes(from: path.utf8) }
        let descriptor = socket(AF_UNIX, Int32(SOCK_STREAM.rawValue | SOCK_CLOEXEC.rawValue), 0)
        guard descriptor >= 0 else { throw Problem(description: "socket: \(text(errno))", isAbsent: false) }
        let result = withUnsafePointer(to: &address) {
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                Glibc.connect(descriptor, $0, socklen_t(MemoryLayout<sockaddr_un>.size))
            }
        }
        guard result == 0 else {
            let reason = errno
            close(descriptor)
            let isAbsent = reason == ENOENT || reason == ECONNREFUSED
            throw Problem(
                description: isAbsent
                    ? "no server runs at \(path); start one with: martlet serve"
                    : "cannot connect to the server at \(path): \(text(reason))", isAbsent: isAbsent)
        }
        return descriptor
    }
}

/// The bytes up to the first newline; nil when the peer closes or times out first, or sends more than the limit.
private func readLine(_ descriptor: Int32, limit: Int) -> [UInt8]? {
    var line: [UInt8] = []
    var buffer = [UInt8](repeating: 0, count: 16 << 10)
    while line.count < limit {
        let count = read(descriptor, &buffer, buffer.count)
        if count < 0, errno == EINTR { continue }
        guard count > 0 else { return nil }
        line += buffer[..<count]
        if let end = buffer[..<count].firstIndex(of: UInt8(ascii: "\n")) {
            return Array(line.dropLast(count - end))
        }
    }
    return nil
}

private func writeAll(_ descriptor: Int32, _ bytes: [UInt8]) -> Bool {
    var written = 0
    while written < bytes.count {
        let count = bytes.withUnsafeBytes {
            send(descriptor, $0.baseAddress! + written, bytes.count - written, Int32(MSG_NOSIGNAL))
        }
        if count < 0, errno == EINTR { continue }
        guard count > 0 else { return false }
        written += count
    }
    return true
}
