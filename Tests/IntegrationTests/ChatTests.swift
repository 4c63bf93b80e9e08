import Glibc
import Server
import Synchronization
import Testing

/// The chat plugin in the real server, with two event loops and real sockets.
@Suite struct ChatTests {
    @Test(.enabled(if: Programs.has("nc"), "nc is not installed"))
    func itIsUsableWithNetcat() throws {
        let server = try chatServer()
        let port = try server.address(of: "chat").port
        let said = "/join tea\\nhello\\n/who\\n/msg guest1 psst\\n/quit\\n"
        let result = try Subprocess.run("sh", ["-c", "printf '\(said)' | nc 127.0.0.1 \(port)"])
        #expect(
            result.output.split(separator: "\n") == [
                "* hello guest1: /join ROOM, or /help", "* you are in tea", "* here: guest1", "guest1 tells you: psst",
                "* bye",
            ])
        #expect(try server.metric("messages_total", of: "chat") == 1)
    }

    @Test func everybodyHearsEachMessageOnceAndInTheSameOrder() throws {
        let server = try chatServer("[options]\nbacklog = \"1MiB\"")
        let address = try server.address(of: "chat")
        let (here, done) = (Count(), Count())
        let listeners = try (0..<8).map { index in
            try Background {
                let person = try Person(address, "listener\(index)", room: "tea")
                here.add()
                return try person.hear { $0.hasSuffix(": end") }
            }
        }
        let speakers = try ["ann", "bob", "eve"].map { name in
            try Background {
                let person = try Person(address, name, room: "tea")
                here.add()
                try waitUntil("all are here") { here.value >= 11 }
                for index in 0..<300 { try person.say("\(index)") }
                try person.barrier()
                done.add()
                return try person.hear { $0.hasSuffix(": end") }
            }
        }
        try waitUntil("all have spoken", within: .seconds(60)) {
            done.value == 3 || speakers.contains(where: \.isDone)
        }
        try Person(address, "chair", room: "tea").say("end")
        let heard = try listeners.map { try $0.value() }
        #expect(heard[0].count == 901)
        for name in ["ann", "bob", "eve"] {
            #expect(heard[0].filter { $0.hasPrefix(name) } == (0..<300).map { "\(name): \($0)" })
        }
        for other in heard { #expect(other == heard[0]) }
        for (name, speaker) in zip(["ann", "bob", "eve"], speakers) {
            #expect(try speaker.value() == heard[0].filter { !$0.hasPrefix(name) })
        }
        #expect(try server.status().loops.count == 2)
        #expect(try server.metric("messages_total", of: "chat") == 901)
    }

    /// Those who join while others talk get each message from the history or from the group, and none twice.
    @Test func whoJoinsMissesNothingAndHearsNothingTwice() throws {
        let server = try chatServer("[options]\nbacklog = \"1MiB\"")
        let address = try server.address(of: "chat")
        let joined = Count()
        let speaker = try Background {
            let person = try Person(address, "ann", room: "tea")
            var index = 0
            while joined.value < 40 {
                try person.say("\(index)")
                index += 1
                // No more than the backlog of a listener is on its way.
                if index.isMultiple(of: 50) { try person.barrier() }
            }
            try person.say("end")
        }
        let listeners = try (0..<4).map { number in
            try Background {
                var people: [Person] = []
                for index in 0..<10 {
                    people.append(try Person(address, "p\(number)-\(index)", room: "tea"))
                    joined.add()
                }
                return try people.map { try $0.hear { $0.hasSuffix(": end") } }
            }
        }
        try speaker.value()
        for listener in listeners {
            for heard in try listener.value() {
                let numbers = heard.dropLast().compactMap { Int($0.dropFirst("ann: ".count)) }
                #expect(numbers.count == heard.count - 1)
                let first = numbers.first ?? 0
                #expect(numbers == Array(first..<(first + numbers.count)))
            }
        }
    }

    @Test func historyAndNamesSurviveASwap() throws {
        let server = try chatServer()
        let address = try server.address(of: "chat")
        let (ann, bob) = (try Person(address, "ann", room: "tea"), try Person(address, "bob", room: "tea"))
        try ann.say("one")
        try ann.barrier()
        try bob.say("two")
        try bob.barrier()
        for (round, line) in ["three", "four"].enumerated() {
            try server.folder.install(
                BuildFolder.plugin("ChatPlugin"), as: "chat.so", appending: [UInt8](repeating: 1, count: round + 1))
            let entry = try #require(try server.reload().entries.first)
            #expect(entry.outcome == .swapped, "\(entry.detail)")
            #expect(entry.moves?.migrated == 2 && entry.moves?.pinned == 0)
            try ann.say(line)
            try ann.barrier()
        }
        let newcomer = try Person(address, "eve", room: "tea")
        #expect(newcomer.heard == ["ann: one", "bob: two", "ann: three", "ann: four"])
        #expect(newcomer.greeting == "* hello guest3: /join ROOM, or /help")
        #expect(try newcomer.ask("/who") == "* here: ann, bob, eve")
        #expect(try newcomer.ask("/nick bob") == "! the name bob is taken")
        try newcomer.say("end")
        #expect(try bob.hear { $0.hasSuffix(": end") } == ["ann: one", "ann: three", "ann: four", "eve: end"])
        try waitUntil("the old generations end") { try server.listener("chat")?.generations.map(\.generation) == [3] }
    }

    /// Two people answer each other, and the others listen, while the plugin is replaced again and again.
    @Test func swapsUnderTrafficLoseNoConnectionAndNoMessage() throws {
        let server = try chatServer("[options]\nbacklog = \"1MiB\"")
        let address = try server.address(of: "chat")
        let (here, stop) = (Count(), Count())
        let listeners = try (0..<6).map { index in
            try Background {
                let person = try Person(address, "listener\(index)", room: "tea")
                here.add()
                return try person.hear { $0 == "ann: end" }
            }
        }
        let bob = try Background {
            let person = try Person(address, "bob", room: "tea")
            here.add()
            while case let line = try person.nextMessage(), line != "ann: end" { try person.say("re " + line) }
        }
        let ann = try Background {
            let person = try Person(address, "ann", room: "tea")
            try waitUntil("all are here") { here.value >= 7 }
            var index = 0
            while stop.value == 0 {
                try person.say("\(index)")
                guard try person.nextMessage() == "bob: re ann: \(index)" else {
                    throw Failure("no answer to \(index)")
                }
                index += 1
                here.add()
            }
            try person.say("end")
            return index
        }
        var migrated: [Int] = []
        for round in 1...10 {
            let before = here.value
            try waitUntil("they talk") { here.value > before + 20 || ann.isDone }
            try server.folder.install(
                BuildFolder.plugin("ChatPlugin"), as: "chat.so", appending: [UInt8](repeating: 1, count: round))
            let entry = try #require(try server.reload().entries.first)
            #expect(entry.outcome == .swapped, "\(entry.detail)")
            migrated.append(entry.moves.map { Int($0.migrated) } ?? 0)
        }
        #expect(migrated == Array(repeating: 8, count: 10))
        stop.add()
        let rounds = try ann.value()
        try bob.value()
        let expected = (0..<rounds).flatMap { ["ann: \($0)", "bob: re ann: \($0)"] } + ["ann: end"]
        for listener in listeners { #expect(try listener.value() == expected) }
        #expect(try server.metric("messages_total", of: "chat") == Int64(expected.count))
    }

    @Test func whoDoesNotReadIsSkippedOrDisconnected() throws {
        for policy in ["skip", "close"] {
            let options =
                "[socket]\nsend_buffer = \"8KiB\"\n[options]\nslow_readers = \"\(policy)\"\nbacklog = \"8KiB\""
            let server = try chatServer(options)
            let address = try server.address(of: "chat")
            let slow = try Person(address, "slow", room: "tea", receiveBuffer: 4_096)
            let (ann, bob) = (try Person(address, "ann", room: "tea"), try Person(address, "bob", room: "tea"))
            var index = 0
            while try server.hits("group_backlog", of: "chat") == 0 {
                for _ in 0..<100 {
                    try ann.say("\(index) " + String(repeating: "x", count: 900))
                    // The other listener reads, so it gets everything.
                    #expect(try bob.nextMessage().hasPrefix("ann: \(index) x"))
                    index += 1
                }
            }
            if policy == "skip" {
                let marks = try Background {
                    try slow.hear { $0 == "ann: end" }.dropLast().map { line in
                        let words = line.split(separator: " ")
                        guard words.count == 3, words[2].count == 900, let mark = Int(words[1]) else {
                            throw Failure("a message was cut: \(line)")
                        }
                        return mark
                    }
                }
                // It has read what waited for it, and so gets new messages.
                while !marks.isDone { try ann.say("end") }
                let heard = try marks.value()
                #expect(heard == heard.sorted() && Set(heard).count == heard.count && heard.count < index)
            } else {
                #expect(try slow.peer.waitForEnd() == .reset)
                try bob.hear(notice: "* slow has left")
            }
            #expect(try ann.ask("/rooms") == "* rooms: tea (\(policy == "skip" ? 3 : 2))")
        }
    }
}

/// - Parameter more: further lines of the listener's file.
private func chatServer(_ more: String = "") throws -> RunningServer {
    let folder = try ServerFolder()
    try folder.install(BuildFolder.plugin("ChatPlugin"), as: "chat.so")
    try folder.listen("chat", plugin: "chat.so", more)
    return try RunningServer(folder)
}

/// A number that several threads count up.
private final class Count: Sendable {
    private let number = Atomic<Int>(0)
    var value: Int { number.load(ordering: .sequentiallyConsistent) }
    func add() { number.wrappingAdd(1, ordering: .sequentiallyConsistent) }
}

/// A client in a room. Lines that begin with "* " are notices, and those that begin with "! " errors; all others are messages.
private final class Person: @unchecked Sendable {
    let peer: Peer
    let greeting: String
    /// The messages that came before an answer that was waited for.
    private(set) var heard: [String] = []
    private var notices: [String] = []
    private var rest: [UInt8] = []

    init(_ address: ServerAddress, _ name: String, room: String, receiveBuffer: Int32? = nil) throws {
        peer = try Peer(address, receiveBuffer: receiveBuffer)
        greeting = try peer.receiveLine()
        try say("/nick \(name)\n/join \(room)")
        while case let line = try nextLine(), line != "* you are in \(room)" { note(line) }
    }

    func say(_ line: String) throws { try peer.send(line + "\n") }

    /// The first notice or error after a command that has one.
    func ask(_ line: String) throws -> String {
        try say(line)
        while true {
            let line = try nextLine()
            if ["* here: ", "* rooms: ", "! "].contains(where: { line.hasPrefix($0) }) { return line }
            note(line)
        }
    }

    /// Waits until the server has taken all that was said.
    func barrier() throws { _ = try ask("/who") }

    /// The messages up to one, with those that came earlier.
    func hear(until isLast: (String) -> Bool) throws -> [String] {
        while heard.last.map(isLast) != true { note(try nextLine()) }
        return heard
    }

    func nextMessage() throws -> String {
        while true {
            let line = try nextLine()
            if !line.hasPrefix("* ") { return line }
            note(line)
        }
    }

    func hear(notice: String) throws {
        while !notices.contains(notice) { note(try nextLine()) }
    }

    private func note(_ line: String) {
        if line.hasPrefix("* ") { notices.append(line) } else if !line.hasPrefix("! ") { heard.append(line) }
    }

    private func nextLine() throws -> String {
        while true {
            if let end = rest.firstIndex(of: UInt8(ascii: "\n")) {
                defer { rest.removeSubrange(...end) }
                return String(decoding: rest[..<end], as: UTF8.self)
            }
            let some = try peer.receiveSome()
            guard !some.isEmpty else { throw Failure("the server has closed the connection") }
            rest += some
        }
    }
}
