import Addresses
import CLinux
import Glibc
import Listening
import Synchronization
import Threads

/// A listening socket outside the engine, for operators of the server. The main thread accepts. Each conversation has one blocking
/// thread, and there are few at a time. It answers even while every event loop is stuck.
final class SocketService: Sendable {
    private static let concurrentLimit = 16

    let address: ListenAddress
    /// Readable when a peer waits; -1 before `serve` and after `stop`.
    var descriptor: Int32 { converse.withLock { $0 == nil ? -1 : group.descriptors[0] } }
    private let group: ListeningSocketGroup
    private let name: String
    private let converse = Mutex<(@Sendable (Conversation) -> Void)?>(nil)
    /// In the order in which they were accepted.
    private let conversations = Mutex<[Conversation]>([])

    /// - Parameter name: the name of its threads.
    init(_ address: ListenAddress, name: String) throws(SystemError) {
        self.name = name
        group = try ListeningSocketGroup.open(
            address,
            options: ListeningSocketOptions(backlog: 64, unixMode: 0o600),
            count: 1, exclusive: true)
        do throws(SystemError) {
            try group.listen()
        } catch {
            group.closeAll()
            throw error
        }
        self.address = group.address
    }

    /// Lets `accept` begin a conversation with each peer, until `stop`.
    ///
    /// - Parameters:
    ///   - read: reads the request; nil ends the conversation.
    ///   - answer: may take long, such as a reload; nil ends the conversation.
    func serve<Request>(
        read: @escaping @Sendable (Conversation) -> Request?, answer: @escaping @Sendable (Request) -> [UInt8]?
    ) {
        converse.withLock {
            $0 = { conversation in
                guard let request = read(conversation) else { return }
                conversation.beginAnswer()
                guard let bytes = answer(request), conversation.send(bytes) else { return }
                conversation.linger()
            }
        }
    }

    /// Closes the socket. Conversations end by themselves.
    func stop() {
        converse.withLock { $0 = nil }
        group.closeAll()
    }

    /// Begins a conversation with the next peer, if one waits. On the thread that waits for `descriptor`.
    func accept() {
        guard let converse = converse.withLock({ $0 }) else { return }
        let connection = linux_accept(group.descriptors[0], nil, nil)
        guard connection >= 0 else {
            // When no descriptor is free, the peer stays in the accept queue, and the socket readable: do not spin on it.
            if errno != EINTR, errno != EAGAIN { poll(nil, 0, 100) }
            return
        }
        begin(Conversation(connection), converse)
    }

    private func begin(_ conversation: Conversation, _ converse: @escaping @Sendable (Conversation) -> Void) {
        guard takePlace(conversation) else { return conversation.close() }
        let helper = try? NamedThread(name: name) { [self] in
            converse(conversation)
            leavePlace(conversation)
        }
        if let helper { helper.detach() } else { leavePlace(conversation) }
    }

    /// Takes a place for a conversation. When all are taken, it ends the conversation that costs least: first those that have not
    /// yet asked, then those that have their answer, oldest first. Returns false when all wait for their answers.
    private func takePlace(_ new: Conversation) -> Bool {
        conversations.withLock { conversations in
            if conversations.count >= Self.concurrentLimit {
                let victim =
                    conversations.firstIndex { $0.phase == .request }
                    ?? conversations.firstIndex { $0.phase == .lingering }
                guard let victim else { return false }
                conversations.remove(at: victim).end()
            }
            conversations.append(new)
            return true
        }
    }

    private func leavePlace(_ conversation: Conversation) {
        conversations.withLock { $0.removeAll { $0 === conversation } }
        conversation.close()
    }
}
