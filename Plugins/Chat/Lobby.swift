import MartletKit
import Synchronization

/// What all sessions share: who has which name, and what was said in which room. The lock also orders the messages: who joins a room gets
/// each of them once, from the history or from the group.
final class Lobby: Sendable {
    struct Room {
        /// The last messages, the oldest first.
        var lines: [String] = []
        /// Nobody has used it since rooms were forgotten last.
        var isUnused = false
    }

    struct Person {
        let id: ConnectionID
        var room: String
    }

    private struct State {
        var rooms: [String: Room] = [:]
        var people: [String: Person] = [:]
        var guests: UInt64 = 0

        mutating func nextGuest() -> String {
            guests += 1
            return "guest\(guests)"
        }
    }

    /// Why something cannot be done; for the peer.
    struct Refusal: Error {
        let text: String
        init(_ text: String) { self.text = text }
    }

    private let state = Mutex(State())
    private let host: Host<Chat>
    private let historyLimit: Int
    private let roomLimit: Int

    init(_ host: Host<Chat>, history: Int, rooms: Int) {
        self.host = host
        (historyLimit, roomLimit) = (history, rooms)
    }

    // MARK: People

    /// Registers a peer under the name that it had in another generation, or else as a guest. Returns the name.
    func enter(_ id: ConnectionID, name: String? = nil, room: String = "") -> String {
        state.withLock { state in
            var name = name ?? state.nextGuest()
            while state.people[name] != nil { name = state.nextGuest() }
            state.people[name] = Person(id: id, room: room)
            return name
        }
    }

    func rename(_ old: String, to new: String) throws(Refusal) {
        try state.withLock { (state) throws(Refusal) in
            guard state.people[new] == nil else { throw Refusal("the name \(new) is taken") }
            state.people[new] = state.people.removeValue(forKey: old)
        }
    }

    func forget(_ name: String) { state.withLock { _ = $0.people.removeValue(forKey: name) } }

    func find(_ name: String) -> ConnectionID? { state.withLock { $0.people[name]?.id } }

    func names(in room: String) -> [String] {
        state.withLock { state in state.people.filter { $0.value.room == room }.keys.sorted() }
    }

    // MARK: Rooms

    var rooms: [String] { state.withLock { $0.rooms.keys.sorted() } }

    /// Adds a peer to a room, which it creates if there is none. Returns what was said there.
    func join(_ room: String, as name: String, _ connection: Connection<Chat>) throws(Refusal) -> [String] {
        try state.withLock { (state) throws(Refusal) in
            guard state.rooms[room] != nil || state.rooms.count < roomLimit else {
                throw Refusal("there are \(roomLimit) rooms already: /rooms")
            }
            let chat = connection.plugin
            let result = connection.join(room, policy: chat.slowReaders, backlog: chat.backlog)
            guard result.isAccepted else { throw Refusal("cannot join \(room): \(result)") }
            state.rooms[room, default: Room()].isUnused = false
            state.people[name]?.room = room
            // Not the array itself: whoever reads it meanwhile would make the next line copy all of it.
            return state.rooms[room]!.lines.map { $0 }
        }
    }

    func leave(_ room: String, as name: String, _ connection: Connection<Chat>) {
        state.withLock { state in
            connection.leave(room)
            state.people[name]?.room = ""
        }
    }

    /// Sends a message to all members of a room but one, and remembers it.
    func say(_ line: String, in room: String, except speaker: ConnectionID) throws(Refusal) {
        try state.withLock { (state) throws(Refusal) in
            let result = host.send(line + "\n", to: room, except: speaker)
            guard result.isAccepted else { throw Refusal("nobody got this: \(result)") }
            remember(line, in: room, &state)
        }
    }

    /// Rooms without members end when they were not used since the last call.
    func forgetUnusedRooms() {
        state.withLock { state in
            state.rooms = state.rooms.filter { !$0.value.isUnused || host.memberCount(of: $0.key) > 0 }
            for room in state.rooms.keys { state.rooms[room]!.isUnused = host.memberCount(of: room) == 0 }
        }
    }

    private func remember(_ line: String, in room: String, _ state: inout State) {
        state.rooms[room, default: Room()].lines.append(line)
        let excess = state.rooms[room]!.lines.count - historyLimit
        if excess > 0 { state.rooms[room]!.lines.removeFirst(excess) }
    }

    // MARK: Moving

    /// What the next generation gets.
    var contents: (rooms: [String: Room], guests: UInt64) { state.withLock { ($0.rooms, $0.guests) } }

    func restore(guests: UInt64) { state.withLock { $0.guests = guests } }

    func restore(_ line: String, in room: String) { state.withLock { remember(line, in: room, &$0) } }
}
