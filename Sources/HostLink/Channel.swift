import CLinux
import Glibc
import Threads

/// One end of a connection between two processes of a server: whole messages, each with bytes and descriptors (unix(7),
/// SOCK_SEQPACKET, SCM_RIGHTS).
///
/// What does not fit into a packet travels in a sealed file in memory. Sending has a deadline, because the process at the other end
/// may hang. One thread receives; any thread sends.
package final class Channel: Sendable {
    package struct Message: Sendable {
        package var bytes: [UInt8]
        /// The receiver closes them.
        package var descriptors: [Int32]

        package init(_ bytes: [UInt8], descriptors: [Int32] = []) {
            self.bytes = bytes
            self.descriptors = descriptors
        }
    }

    /// The most descriptors in a message. unix(7): the kernel passes at most 253 at once, and one may be that of a file in memory.
    package static let descriptorLimit = 252
    /// The most bytes in a message.
    package static let byteLimit = 64 << 20
    /// A packet has at most this many bytes, with its header.
    static let packetLimit = 60 << 10

    private let socket: Int32
    private let process: Int32

    /// - Parameters:
    ///   - socket: a SOCK_SEQPACKET socket, which the channel closes at its end.
    ///   - process: the descriptor of the process at the other end (pidfd_open(2)), which the channel closes too; -1: unknown. The end of
    ///     that process ends the channel, even if it has left the socket to children.
    package init(socket: Int32, process: Int32 = -1) {
        self.socket = socket
        self.process = process
        let flags = fcntl(socket, F_GETFL)
        _ = fcntl(socket, F_SETFL, flags | O_NONBLOCK)
    }

    deinit {
        close(socket)
        if process >= 0 { close(process) }
    }

    /// Two channels in this process.
    package static func pair() throws(SystemError) -> (Channel, Channel) {
        let ends = try sockets()
        return (Channel(socket: ends.0), Channel(socket: ends.1))
    }

    /// The sockets of the two ends. socketpair(2)
    package static func sockets() throws(SystemError) -> (Int32, Int32) {
        var ends: [Int32] = [-1, -1]
        let type = Int32(SOCK_SEQPACKET.rawValue | SOCK_CLOEXEC.rawValue)
        guard socketpair(AF_UNIX, type, 0, &ends) == 0 else { throw SystemError("socketpair") }
        return (ends[0], ends[1])
    }

    /// Ends both directions: a thread that receives, here or at the other end, finds the end of the channel. shutdown(2)
    package func shutDown() { shutdown(socket, Int32(SHUT_RDWR)) }

    // MARK: Sending

    /// The descriptors stay open here; the receiver gets duplicates.
    package func send(_ message: Message, by deadline: Deadline) throws(ChannelProblem) {
        guard message.descriptors.count <= Self.descriptorLimit else {
            throw .tooLarge("\(message.descriptors.count) descriptors, at most \(Self.descriptorLimit)")
        }
        guard message.bytes.count <= Self.byteLimit else {
            throw .tooLarge("\(message.bytes.count) bytes, at most \(Self.byteLimit)")
        }
        if message.bytes.count <= Self.packetLimit - PacketHeader.size {
            let header = PacketHeader(count: message.bytes.count, isInFile: false)
            return try send(header.bytes + message.bytes, message.descriptors, by: deadline)
        }
        let file = try fileInMemory(message.bytes)
        defer { close(file) }
        let header = PacketHeader(count: message.bytes.count, isInFile: true)
        try send(header.bytes, [file] + message.descriptors, by: deadline)
    }

    private func fileInMemory(_ bytes: [UInt8]) throws(ChannelProblem) -> Int32 {
        let file = linux_memory_file("martlet-message")
        guard file >= 0 else { throw .failed(SystemError("memfd_create")) }
        var written = 0
        while written < bytes.count {
            let count = bytes.withUnsafeBytes { write(file, $0.baseAddress! + written, $0.count - written) }
            if count < 0, errno == EINTR { continue }
            guard count > 0 else {
                let error = SystemError("write", "a file in memory")
                close(file)
                throw .failed(error)
            }
            written += count
        }
        guard linux_seal(file, 1) == 0 else {
            let error = SystemError("fcntl", "F_ADD_SEALS")
            close(file)
            throw .failed(error)
        }
        return file
    }

    private func send(_ packet: [UInt8], _ descriptors: [Int32], by deadline: Deadline) throws(ChannelProblem) {
        while true {
            let sent = packet.withUnsafeBytes {
                linux_send_descriptors(socket, $0.baseAddress, $0.count, descriptors, Int32(descriptors.count))
            }
            if sent >= 0 { return }
            switch errno {
            case EINTR: continue
            case EAGAIN: try wait(for: POLLOUT, by: deadline)
            // The kernel limits descriptors that are on their way to a process that does not receive.
            case ETOOMANYREFS:
                if deadline.isOver { throw .late }
                poll(nil, 0, 1)
            case EPIPE, ECONNRESET, ENOTCONN: throw .ended
            default: throw .failed(SystemError("sendmsg"))
            }
        }
    }

    // MARK: Receiving

    /// The next message. `.late` when none comes in time.
    package func receive(by deadline: Deadline = Deadline(nanoseconds: .max)) throws(ChannelProblem) -> Message {
        var packet = [UInt8](repeating: 0, count: Self.packetLimit)
        var descriptors = [Int32](repeating: -1, count: Self.descriptorLimit + 1)
        var count = Int32(descriptors.count)
        while true {
            let received = packet.withUnsafeMutableBytes {
                linux_receive_descriptors(socket, $0.baseAddress, $0.count, &descriptors, &count)
            }
            if received >= 0 {
                descriptors.removeLast(descriptors.count - Int(count))
                // A message has a header at least.
                if received == 0 {
                    closeAll(descriptors)
                    throw .ended
                }
                packet.removeLast(packet.count - received)
                return try message(packet, descriptors)
            }
            switch errno {
            case EINTR: continue
            case EAGAIN: try wait(for: POLLIN, by: deadline)
            case ECONNRESET: throw .ended
            case EMSGSIZE: throw .broken("a packet that is larger than any message has")
            default: throw .failed(SystemError("recvmsg"))
            }
            count = Int32(descriptors.count)
        }
    }

    private func message(_ packet: [UInt8], _ descriptors: [Int32]) throws(ChannelProblem) -> Message {
        do throws(ChannelProblem) {
            guard let header = PacketHeader(packet) else { throw .broken("a packet without a valid header") }
            guard header.isInFile else {
                guard packet.count - PacketHeader.size == header.count else {
                    throw .broken("\(packet.count - PacketHeader.size) bytes, announced were \(header.count)")
                }
                return Message(Array(packet.dropFirst(PacketHeader.size)), descriptors: descriptors)
            }
            guard let file = descriptors.first else { throw .broken("a message in a file without the file") }
            let bytes = try content(of: file, count: header.count)
            close(file)
            return Message(bytes, descriptors: Array(descriptors.dropFirst()))
        } catch {
            closeAll(descriptors)
            throw error
        }
    }

    private func content(of file: Int32, count: Int) throws(ChannelProblem) -> [UInt8] {
        guard linux_is_sealed(file, 1) != 0 else { throw .broken("a message in a file that can still change") }
        var status = stat()
        guard fstat(file, &status) == 0, Int(status.st_size) == count else {
            throw .broken("\(status.st_size) bytes in a file, announced were \(count)")
        }
        var bytes = [UInt8](repeating: 0, count: count)
        var done = 0
        while done < count {
            let read = bytes.withUnsafeMutableBytes { pread(file, $0.baseAddress! + done, count - done, off_t(done)) }
            if read < 0, errno == EINTR { continue }
            guard read > 0 else { throw .failed(SystemError("pread", "a file in memory")) }
            done += read
        }
        return bytes
    }

    private func wait(for events: Int32, by deadline: Deadline) throws(ChannelProblem) {
        // poll(2) ignores a negative descriptor.
        var entries = [
            pollfd(fd: socket, events: Int16(events), revents: 0),
            pollfd(fd: process, events: Int16(POLLIN), revents: 0),
        ]
        var time = WaitingTime(until: deadline)
        while true {
            guard let next = time.next() else { throw .late }
            let result = poll(&entries, 2, deadline.nanoseconds == .max ? -1 : next.pollMilliseconds)
            // What the process has sent before its end is received first.
            if entries[0].revents != 0 { return }
            if result > 0 { throw .ended }
            if result < 0, errno != EINTR { throw .failed(SystemError("poll")) }
        }
    }
}

/// Why a message could not be sent or received.
package enum ChannelProblem: Error, Sendable, CustomStringConvertible {
    /// The other end is closed: its process has ended, or is about to.
    case ended
    /// The deadline has passed.
    case late
    /// Not sent.
    case tooLarge(String)
    /// The other end has sent what no channel sends.
    case broken(String)
    case failed(SystemError)

    package var description: String {
        switch self {
        case .ended: "the other process has closed the channel"
        case .late: "the other process does not answer"
        case .tooLarge(let what): "the message is too large: \(what)"
        case .broken(let what): "the other process has sent \(what)"
        case .failed(let error): "\(error)"
        }
    }
}

/// The first bytes of each packet.
struct PacketHeader: Equatable {
    static let size = 16
    /// "martlet" and the version of the format.
    private static let magic: [UInt8] = Array("martlet".utf8) + [1]

    /// Of the message, in bytes.
    let count: Int
    /// The message is in a file in memory, whose descriptor comes first.
    let isInFile: Bool

    init(count: Int, isInFile: Bool) {
        self.count = count
        self.isInFile = isInFile
    }

    /// nil: no header, or one of another version.
    init?(_ packet: [UInt8]) {
        guard packet.count >= Self.size, packet.starts(with: Self.magic) else { return nil }
        let word = packet[8..<16].reversed().reduce(UInt64(0)) { $0 << 8 | UInt64($1) }
        let count = Int(word >> 1)
        guard count <= Channel.byteLimit else { return nil }
        self.init(count: count, isInFile: word & 1 != 0)
    }

    var bytes: [UInt8] {
        let word = UInt64(count) << 1 | (isInFile ? 1 : 0)
        return Self.magic + (0..<8).map { UInt8(truncatingIfNeeded: word >> (8 * $0)) }
    }
}

private func closeAll(_ descriptors: [Int32]) {
    for descriptor in descriptors { close(descriptor) }
}
