import CLinux
import Engine
import Glibc
import Threads

/// Descriptors that a process had that has died, taken from its keepers.
struct KeptDescriptors: ~Copyable {
    /// By the numbers that the dead process had.
    private(set) var numbers: [Int32: Int32] = [:]
    /// The processes that have passed them.
    private(set) var keepers: Set<Int32> = []

    /// So many messages are on their way at a time: the kernel limits the descriptors in messages that nobody has received.
    private static let ahead = 2

    /// Takes what is open of these.
    ///
    /// - Parameter socket: to the keepers. Is not closed.
    init(_ wanted: Set<Int32>, from socket: Int32, by deadline: Deadline) throws(SystemError) {
        let batch = Int(LINUX_KEEPER_BATCH)
        let all = wanted.filter { $0 >= 0 }.sorted()
        var (asked, answered) = (0, 0)
        while answered < all.count {
            while asked < all.count, asked - answered < Self.ahead * batch {
                let part = Array(all[asked..<min(asked + batch, all.count)])
                guard linux_ask_keeper(socket, part, UInt32(part.count)) == 0 else {
                    guard errno == EAGAIN else { throw SystemError("sendmsg", "a keeper") }
                    break
                }
                asked += part.count
            }
            var readable = pollfd(fd: socket, events: Int16(POLLIN), revents: 0)
            guard poll(&readable, 1, deadline.pollMilliseconds) > 0 else {
                throw SystemError("poll", "a keeper", errno: ETIMEDOUT)
            }
            answered += try receive(from: socket)
        }
    }

    /// Returns how many numbers were answered.
    private mutating func receive(from socket: Int32) throws(SystemError) -> Int {
        var message = linux_keeper_message()
        var descriptors = [Int32](repeating: -1, count: Int(LINUX_KEEPER_BATCH))
        var sender: pid_t = 0
        let result = linux_receive_from_keeper(socket, &message, &descriptors, &sender)
        // A message that somebody else has sent there is ignored.
        guard result >= 0 || errno == EBADMSG else { throw SystemError("recvmsg", "a keeper") }
        if result <= 0 { return 0 }
        if sender > 0 { keepers.insert(sender) }
        var next = 0
        withUnsafeBytes(of: &message.numbers) { bytes in
            for number in bytes.bindMemory(to: Int32.self).prefix(Int(message.count)) where number >= 0 {
                if let earlier = numbers.updateValue(descriptors[next], forKey: number) { close(earlier) }
                next += 1
            }
        }
        return message.kind == LINUX_KEEPER_GIVEN ? Int(message.count) : 0
    }

    /// Those of these that are there. They are still closed here, unless they are removed.
    func take(_ wanted: [Int32]) -> [Int32: Int32] {
        var taken: [Int32: Int32] = [:]
        for number in wanted { taken[number] = numbers[number] }
        return taken
    }

    /// They are not closed here.
    mutating func remove(_ used: some Sequence<Int32>) {
        for number in used { numbers[number] = nil }
    }

    deinit {
        for descriptor in numbers.values { close(descriptor) }
    }
}
