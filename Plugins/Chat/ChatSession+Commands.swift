import MartletKit

/// Lines that begin with a slash.
extension ChatSession {
    private static let help = """
        * /join ROOM       enter a room, and leave the one before
        * /leave           leave the room
        * /rooms           list the rooms
        * /who             list the people in the room
        * /nick NAME       change your name
        * /msg NAME TEXT   tell one person
        * /quit            hang up
        * anything else goes to everybody in the room
        """

    /// - Returns: of the last output.
    mutating func run(_ line: String, _ connection: Connection<Chat>) throws(Lobby.Refusal) -> HostResult {
        let words = line.split(separator: " ", maxSplits: 2).map(String.init)
        let word = words.count > 1 ? words[1] : ""
        switch words[0] {
        case "/join": return try join(word, connection)
        case "/leave": return leave(connection)
        case "/rooms": return listRooms(connection)
        case "/who": return list("here", connection.plugin.lobby.names(in: try inRoom), connection)
        case "/nick": return try rename(word, connection)
        case "/msg": return try tell(word, words.count > 2 ? words[2] : "", connection)
        case "/help": return connection.writeLine(Self.help)
        case "/quit":
            connection.writeLine("* bye")
            connection.close()
            return .closed
        default: throw Lobby.Refusal("no such command: \(words[0]); /help lists them")
        }
    }

    private mutating func join(_ new: String, _ connection: Connection<Chat>) throws(Lobby.Refusal) -> HostResult {
        try Self.check(new)
        guard new != room else { return .ok }
        _ = leave(connection)
        let history = try connection.plugin.lobby.join(new, as: name, connection)
        room = new
        connection.checkpoint()
        tellRoom("* \(name) has joined", connection)
        for line in history { connection.writeLine(line) }
        return connection.writeLine("* you are in \(room)")
    }

    private mutating func leave(_ connection: Connection<Chat>) -> HostResult {
        guard !room.isEmpty else { return .ok }
        connection.plugin.lobby.leave(room, as: name, connection)
        tellRoom("* \(name) has left", connection)
        defer {
            room = ""
            connection.checkpoint()
        }
        return connection.writeLine("* you have left \(room)")
    }

    private mutating func rename(_ new: String, _ connection: Connection<Chat>) throws(Lobby.Refusal) -> HostResult {
        try Self.check(new)
        try connection.plugin.lobby.rename(name, to: new)
        if !room.isEmpty { tellRoom("* \(name) is now \(new)", connection) }
        name = new
        connection.checkpoint()
        return connection.writeLine("* you are \(name)")
    }

    /// Writes at once to a person on the same event loop, and posts to any other.
    private func tell(
        _ other: String, _ text: String, _ connection: Connection<Chat>
    ) throws(Lobby.Refusal) -> HostResult {
        guard let id = connection.plugin.lobby.find(other) else { throw Lobby.Refusal("there is no \(other)") }
        let line = "\(name) tells you: \(text)"
        if id == connection.id { return connection.writeLine(line) }
        if let other = connection.other(id) {
            other.writeLine(line)
        } else {
            let result = connection.plugin.host.post(to: id) { $0?.connection.writeLine(line) }
            guard result.isAccepted else { throw Lobby.Refusal("\(other) did not get this: \(result)") }
        }
        return .ok
    }

    private func listRooms(_ connection: Connection<Chat>) -> HostResult {
        let chat = connection.plugin
        return list("rooms", chat.lobby.rooms.map { "\($0) (\(chat.host.memberCount(of: $0)))" }, connection)
    }

    /// The first hundred, on one line.
    private func list(_ title: String, _ names: [String], _ connection: Connection<Chat>) -> HostResult {
        let rest = names.count > 100 ? " and \(names.count - 100) more" : ""
        return connection.writeLine("* \(title): " + names.prefix(100).joined(separator: ", ") + rest)
    }

    /// A name of a person or a room.
    private static func check(_ name: String) throws(Lobby.Refusal) {
        let isValid = name.allSatisfy { $0.isASCII && ($0.isLetter || $0.isNumber) || $0 == "-" || $0 == "_" }
        guard isValid, (1...20).contains(name.utf8.count) else {
            throw Lobby.Refusal("a name has 1 to 20 letters, digits, - and _")
        }
    }
}
