import MartletKit

/// One person: a name, and at most one room.
struct ChatSession: RestorableSession {
    typealias Plugin = Chat

    private var lines: LineReader
    var name: String
    /// Empty: none.
    var room = ""

    init(opening connection: Connection<Chat>) {
        lines = LineReader(maximum: connection.plugin.longestLine)
        name = connection.plugin.lobby.enter(connection.id)
        connection.writeLine("* hello \(name): /join ROOM, or /help")
    }

    mutating func received(_ input: Span<UInt8>, from connection: Connection<Chat>) -> Int {
        var position = 0
        while let line = lines.next(in: input, at: &position) {
            let result =
                line.isTooLong
                ? connection.writeLine("! longer than \(lines.maximum) bytes")
                : take(input.extracting(line.bytes), connection)
            // After `full` the host presents the rest again; after `close` the rest does not matter.
            if result != .ok { break }
        }
        return position
    }

    /// Each line counts as a request, so that `limits.request_rate` limits how fast a person talks.
    private mutating func take(_ bytes: Span<UInt8>, _ connection: Connection<Chat>) -> HostResult {
        defer { connection.requestDone(method: "LINE", target: room.utf8Span.span, status: 0, bytes: 0, failed: false) }
        let line = Self.withoutControlCharacters(bytes)
        do throws(Lobby.Refusal) {
            return line.hasPrefix("/") ? try run(line, connection) : try say(line, connection)
        } catch {
            return connection.writeLine("! \(error.text)")
        }
    }

    private func say(_ line: String, _ connection: Connection<Chat>) throws(Lobby.Refusal) -> HostResult {
        guard !line.isEmpty else { return .ok }
        try connection.plugin.lobby.say("\(name): \(line)", in: try inRoom, except: connection.id)
        connection.plugin.messages.add()
        return .ok
    }

    /// The name of the room, for what needs one.
    var inRoom: String {
        get throws(Lobby.Refusal) {
            guard !room.isEmpty else { throw Lobby.Refusal("you are in no room: /join ROOM") }
            return room
        }
    }

    /// They could command the terminals of others.
    private static func withoutControlCharacters(_ bytes: Span<UInt8>) -> String {
        let scalars = String(decoding: bytes).unicodeScalars.filter { $0.properties.generalCategory != .control }
        return String(String.UnicodeScalarView(scalars))
    }

    mutating func closed(_ connection: Connection<Chat>, reason: CloseReason) {
        connection.plugin.lobby.forget(name)
        if !room.isEmpty { tellRoom("* \(name) has left", connection) }
    }

    /// Tells the others something that nobody needs to hear later.
    func tellRoom(_ line: String, _ connection: Connection<Chat>) {
        connection.plugin.host.send(line + "\n", to: room, except: connection.id)
    }

    // MARK: Moving

    static let stateSchema = StateSchema("chat.session", version: 1, restores: 1...1)
    static let checkpoints = Checkpoints.whenAsked

    func save(into state: inout SavedState) -> SaveOutcome {
        state.append(name)
        state.append(room)
        return .saved
    }

    /// The connection is still in its group.
    init?(restoring state: RawSpan, version: UInt32, on connection: Connection<Chat>) {
        var position = 0
        guard let name = state.text(at: &position), let room = state.text(at: &position) else { return nil }
        lines = LineReader(maximum: connection.plugin.longestLine)
        self.name = connection.plugin.lobby.enter(connection.id, name: name, room: room)
        self.room = room
    }
}
