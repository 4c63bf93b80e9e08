import Glibc
import HostLink
import Synchronization
import Threads

/// The control side's end of the channel to a host: calls and their answers, and the host's events.
final class HostConnection: Sendable {
    private struct State {
        var replies: [UInt64: Reply<Answer>] = [:]
        var last: UInt64 = 0
        var isOver = false
    }

    private enum Answer: Sendable {
        case packet(Packet, descriptors: [Int32])
        case none
    }

    private let channel: Channel
    private let state = Mutex(State())
    /// Called when the host has not answered in time.
    private let onSilence: @Sendable (_ call: String) -> Void

    init(_ channel: Channel, onSilence: @escaping @Sendable (_ call: String) -> Void) {
        self.channel = channel
        self.onSilence = onSilence
    }

    /// How long a message may wait for room in the channel.
    private static let sendingMilliseconds: UInt64 = 5_000

    /// Nobody is at the other end any more.
    var isOver: Bool { state.withLock { $0.isOver } }

    /// Calls a function and waits for its answer. On any thread but the one that receives.
    ///
    /// - Parameter endsSilent: a host that does not answer in time is ended.
    func call<Call: HostCall>(
        _ call: Call, _ descriptors: [Int32] = [], by deadline: Deadline, endsSilent: Bool = true
    ) throws(HostSilence) -> Call.Answer {
        let (answer, unexpected) = try callForDescriptors(call, descriptors, by: deadline, endsSilent: endsSilent)
        for descriptor in unexpected { close(descriptor) }
        return answer
    }

    /// The caller closes the descriptors that it gets.
    func callForDescriptors<Call: HostCall>(
        _ call: Call, _ descriptors: [Int32] = [], by deadline: Deadline, endsSilent: Bool = true
    ) throws(HostSilence) -> (answer: Call.Answer, descriptors: [Int32]) {
        let reply = Reply<Answer>()
        let number = state.withLock { state -> UInt64? in
            guard !state.isOver else { return nil }
            state.last += 1
            state.replies[state.last] = reply
            return state.last
        }
        guard let number else { throw HostSilence.ended }
        send(Packet(.call, number, name: Call.name, call), descriptors)
        let answer = reply.wait(until: deadline)
        state.withLock { $0.replies[number] = nil }
        switch answer {
        case .packet(let packet, let descriptors)?:
            if let value = packet.value(Call.Answer.self) { return (value, descriptors) }
            for descriptor in descriptors { close(descriptor) }
            onSilence(Call.name)
            throw HostSilence(isLate: true)
        case Answer.none?: throw HostSilence.ended
        case nil:
            if endsSilent {
                onSilence(Call.name)
                // From now on it counts as ended, though its process may take a moment.
                end()
            }
            throw HostSilence(isLate: true)
        }
    }

    /// Calls a function without waiting for it.
    func order(_ call: some HostCall, _ descriptors: [Int32] = []) {
        guard !isOver else { return }
        send(Packet(.order, 0, name: type(of: call).name, call), descriptors)
    }

    /// What cannot be sent is not answered, and the caller's deadline or the end of the channel tells it.
    private func send(_ packet: Packet, _ descriptors: [Int32]) {
        do throws(ChannelProblem) {
            try channel.send(
                Channel.Message(packet.bytes, descriptors: descriptors),
                by: .after(milliseconds: Self.sendingMilliseconds))
        } catch {
            guard case .ended = error else { return onSilence(packet.name) }
        }
    }

    /// Receives until the host has ended. Occupies a thread.
    func receive(onEvent: (HostEvent) -> Void) {
        while let message = try? channel.receive() {
            guard let packet = Packet(message.bytes) else { break }
            switch packet.kind {
            case .answer:
                let reply = state.withLock { $0.replies.removeValue(forKey: packet.number) }
                guard let reply else {
                    for descriptor in message.descriptors { close(descriptor) }
                    continue
                }
                reply.set(.packet(packet, descriptors: message.descriptors))
            case .event:
                for descriptor in message.descriptors { close(descriptor) }
                if let event = packet.value(HostEvent.self) { onEvent(event) }
            case .call, .order: break
            }
        }
        end()
    }

    /// Nobody waits for an answer any more.
    func end() {
        channel.shutDown()
        let replies = state.withLock { state in
            state.isOver = true
            defer { state.replies = [:] }
            return state.replies.values.map { $0 }
        }
        for reply in replies { reply.set(.none) }
    }
}

/// A host that has not answered.
struct HostSilence: Error, CustomStringConvertible {
    /// false: it has ended.
    let isLate: Bool

    static let ended = HostSilence(isLate: false)

    /// For messages.
    var text: String { isLate ? "the host does not answer" : "the host has ended" }
    var description: String { text }
}
