import MartletKitTesting
import Testing

@testable import ChatPlugin

@Suite struct ChatTests {
    private let host: SimulatedHost

    init() throws { host = try SimulatedHost(Chat.self, loops: 2) }

    /// Connects and takes a name; drops what the plugin says about it.
    private func enter(_ name: String, room: String? = nil, loop: Int = 0) -> SimulatedConnection {
        let connection = host.connect(loop: loop)
        connection.send("/nick \(name)\n" + (room.map { "/join \($0)\n" } ?? ""))
        host.runWork()
        _ = connection.takeText()
        return connection
    }

    private func hear(_ connections: SimulatedConnection...) -> [String] {
        host.runWork()
        return connections.map { $0.takeText() }
    }

    @Test(arguments: [InputSplit.whole, .everyByte, .random(seed: 3)])
    func aMessageReachesEverybodyElseInTheRoom(_ split: InputSplit) throws {
        let (ann, bob, eve) = (enter("ann", room: "tea"), enter("bob", room: "tea", loop: 1), enter("eve", room: "it"))
        _ = hear(ann, bob, eve)
        ann.send("hello\r\nis anybody here?\n", split: split)
        bob.send("yes\n", split: split)
        #expect(hear(ann, bob, eve) == ["bob: yes\n", "ann: hello\nann: is anybody here?\n", ""])
        #expect(host.metric("messages_total") == 3)
        #expect(host.requests.filter { $0.target == Array("tea".utf8) }.count == 5)
        #expect(host.shutDown() == [])
    }

    @Test func aNewcomerGetsTheHistory() throws {
        let host = try SimulatedHost(Chat.self, options: ["history": 2])
        let ann = host.connect()
        ann.send("/join tea\none\ntwo\nthree\n")
        let bob = host.connect()
        bob.send("/join tea\n")
        #expect(
            bob.takeText() == "* hello guest2: /join ROOM, or /help\nguest1: two\nguest1: three\n* you are in tea\n")
        host.runWork()
        #expect(ann.takeText().hasSuffix("* guest2 has joined\n"))
        #expect(bob.output == [])
        #expect(host.shutDown() == [])
    }

    @Test func peopleSeeWhoIsThere() throws {
        let (ann, bob) = (enter("ann", room: "tea"), enter("bob", room: "tea", loop: 1))
        _ = hear(ann, bob)
        bob.send("/who\n/rooms\n")
        #expect(hear(bob) == ["* here: ann, bob\n* rooms: tea (2)\n"])
        bob.send("/nick rob\n/leave\n/who\n")
        #expect(
            hear(ann, bob) == [
                "* bob is now rob\n* rob has left\n",
                "* you are rob\n* you have left tea\n! you are in no room: /join ROOM\n",
            ])
        bob.send("/join tea\n")
        _ = hear(bob)
        bob.hangUp()
        #expect(hear(ann) == ["* rob has joined\n* rob has left\n"])
        ann.send("/who\n")
        #expect(hear(ann) == ["* here: ann\n"])
        #expect(host.shutDown() == [])
    }

    @Test(arguments: [0, 1])
    func aPrivateMessageReachesOnePerson(onLoop loop: Int) throws {
        let (ann, bob, eve) = (enter("ann", room: "tea"), enter("bob", loop: loop), enter("eve", room: "tea"))
        _ = hear(ann, bob, eve)
        ann.send("/msg bob a  secret\n/msg ann a note\n/msg nobody hm\n")
        #expect(
            hear(ann, bob, eve) == ["ann tells you: a note\n! there is no nobody\n", "ann tells you: a  secret\n", ""])
        #expect(host.shutDown() == [])
    }

    @Test func everythingElseIsRefusedWithAReason() throws {
        let host = try SimulatedHost(Chat.self, options: ["max_line": 16, "max_rooms": 1])
        let (ann, bob) = (host.connect(), host.connect())
        bob.send("/nick bob\n")
        _ = ann.takeText()
        let long = "0123456789abcdefg"
        for (line, answer) in [
            ("hello", "! you are in no room: /join ROOM"), ("/dance", "! no such command: /dance; /help lists them"),
            ("/nick bob", "! the name bob is taken"), ("/nick a.b", "! a name has 1 to 20 letters, digits, - and _"),
            ("/nick", "! a name has 1 to 20 letters, digits, - and _"), (long, "! longer than 16 bytes"),
            ("/join a", "* you are in a"), ("/join a", ""),
            ("/join b", "* you have left a\n! there are 1 rooms already: /rooms"), ("", ""), ("/quit", "* bye"),
        ] {
            ann.send(line + "\n")
            #expect(ann.takeText() == (answer.isEmpty ? "" : answer + "\n"))
        }
        #expect(ann.end == .closed(.plugin))
        #expect(host.shutDown() == [])
    }

    @Test func controlCharactersDoNotReachOthers() throws {
        let (ann, bob) = (enter("ann", room: "tea"), enter("bob", room: "tea"))
        _ = hear(ann, bob)
        ann.send("\u{1B}[2Jhé\u{7}llo\t\u{9B}\n")
        #expect(hear(bob) == ["ann: [2Jhéllo\n"])
        #expect(host.shutDown() == [])
    }

    @Test func aRoomWithoutMembersIsForgottenInTheEnd() throws {
        let host = try SimulatedHost(Chat.self, options: ["room_lifetime": "10s"])
        let (ann, bob) = (host.connect(), host.connect())
        ann.send("/join tea\nhello\n")
        bob.send("/join it\n")
        ann.hangUp()
        host.advance(by: .seconds(11))
        host.runWork()
        bob.send("/rooms\n")
        #expect(bob.takeText().hasSuffix("* rooms: it (1), tea (0)\n"))
        host.advance(by: .seconds(10))
        host.runWork()
        bob.send("/rooms\n")
        #expect(bob.takeText() == "* rooms: it (1)\n")
        #expect(host.shutDown() == [])
    }

    @Test(arguments: ["skip", "close"])
    func aPersonWhoDoesNotReadIsSkippedOrDisconnected(_ policy: String) throws {
        let host = try SimulatedHost(Chat.self, options: ["slow_readers": .text(policy), "backlog": 1_024])
        let (ann, bob) = (host.connect(), host.connect(readsAtOnce: false))
        ann.send("/join tea\n")
        bob.send("/join tea\n")
        host.runWork()
        let before = bob.waitingOutput
        let line = String(repeating: "x", count: 400)
        for _ in 0..<4 {
            ann.send(line + "\n")
            host.runWork()
        }
        if policy == "skip" {
            #expect(bob.waitingOutput == before + 2 * ("guest1: \n".utf8.count + 400))
            bob.read()
            ann.send("still there?\n")
            host.runWork()
            bob.read()
            #expect(bob.takeText().hasSuffix("guest1: still there?\n"))
        } else {
            #expect(bob.end == .reset(.backlog))
            #expect(ann.takeText().hasSuffix("* guest2 has left\n"))
        }
        #expect(host.shutDown() == [])
    }

    @Test func sessionsMoveWithTheirNamesAndRooms() throws {
        let (ann, bob) = (enter("ann", room: "tea"), enter("bob", room: "tea", loop: 1))
        _ = hear(ann, bob)
        ann.send("before\nhalf a l")
        host.runWork()
        let next = try host.nextGeneration(Chat.self)
        #expect(host.swap(to: next) == [.moved, .moved])
        ann.send("ine\n/who\n")
        next.runWork()
        #expect(ann.takeText() == "* here: ann, bob\n")
        #expect(bob.takeText() == "ann: before\nann: half a line\n")
        #expect(host.shutDown() + next.shutDown() == [])
    }
}
