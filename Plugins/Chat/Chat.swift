import MartletKit

/// Chat rooms over lines of text, for people with `nc`. A room is a group of the host. Who is there and what was said lies in the lobby,
/// which survives a swap, as the sessions do.
struct Chat: Plugin {
    static let manifest = Manifest(
        name: "chat", version: "1.0.0", summary: "Chat rooms over lines of text", example: "nc {host} {port}",
        options: [
            Option("history", .integer(0...1_000), default: "20", help: "Messages of a room that a newcomer gets."),
            Option("max_line", .size(16...16_384), default: "\"1KiB\"", help: "Longest line."),
            Option("max_rooms", .integer(1...100_000), default: "1000", help: "Rooms at a time."),
            Option(
                "room_lifetime", .duration(.seconds(1) ... .seconds(86_400)), default: "\"1h\"",
                help: "How long, and at most twice as long, a room without members keeps its messages."),
            Option(
                "slow_readers", .text(choices: ["skip", "close"]), default: "\"skip\"",
                help: "A peer that does not read misses messages, or is disconnected."),
            Option(
                "backlog", .size(1_024...1_073_741_824), default: "\"64KiB\"",
                help: "Output that may wait for a peer until it counts as slow."),
        ], threads: .both, requires: [.loops, .groups],
        // What the rooms have heard is lost, and nobody relies on it.
        onCrash: .adopt)

    let host: Host<Chat>
    let lobby: Lobby
    let longestLine: Int
    let slowReaders: BacklogPolicy
    let backlog: Int
    let messages: Metric<Chat>

    init(options: Options, host: Host<Chat>) throws(OptionError) {
        self.host = host
        lobby = Lobby(host, history: try options.size("history"), rooms: try options.size("max_rooms"))
        longestLine = try options.size("max_line")
        slowReaders = try options.text("slow_readers") == "close" ? .close : .skip
        backlog = try options.size("backlog")
        messages = host.counter("messages_total", help: "Messages said in rooms")
        host.every(try options.duration("room_lifetime"), onWorker: { chat in chat.lobby.forgetUnusedRooms() })
    }

    typealias Session = ChatSession
}

/// What the rooms have heard moves to the next generation. Each session brings its own name and room with it.
extension Chat: StatefulPlugin {
    static let stateSchema = StateSchema("chat.rooms", version: 1, restores: 1...1)

    func save(into state: inout SavedPieces) throws(StateError) {
        let (rooms, guests) = lobby.contents
        try state.put { $0.append(guests) }
        for (name, room) in rooms {
            for line in room.lines {
                try state.put {
                    $0.append(name)
                    $0.append(line)
                }
            }
        }
    }

    /// The first piece is the number of guests, in 8 bytes; each further one is a line with the name of its room, and longer.
    func restore(_ piece: RawSpan, version: UInt32) throws(StateError) {
        var position = 0
        if piece.byteCount == 8, let guests = piece.number(UInt64.self, at: &position) {
            lobby.restore(guests: guests)
        } else if let room = piece.text(at: &position), let line = piece.text(at: &position) {
            lobby.restore(line, in: room)
        } else {
            throw StateError("expected a room and a line, found \(piece.byteCount) bytes")
        }
    }
}

@c(martlet_plugin_entry)
public func entry(hostABI: UInt32) -> UnsafeRawPointer? { exportPlugin(Chat.self) }
