import MartletKitTesting
import Testing

@testable import MartletKit

@Suite struct InstanceStateTests {
    @Test func theStateMovesInPieces() throws {
        let old = try SimulatedHost(Club.self)
        let connection = old.connect()
        let long = String(repeating: "x", count: 20_000)
        connection.send("add one\nadd \(long)\nadd three\n")
        let new = try old.nextGeneration(Club.self)
        #expect(old.swap(to: new) == [.moved])
        connection.send("pieces\nadd four\n")
        #expect(connection.takeText() == "one \(long) three\n")
        #expect(new.logs.map(\.message).contains("restored 3"))
        #expect(old.logs.map(\.message).contains("the state has moved"))
        // And back: an older generation restores what a newer one saved.
        let back = try new.nextGeneration(Club.self)
        #expect(new.swap(to: back) == [.moved])
        connection.send("pieces\n")
        #expect(connection.takeText() == "one \(long) three four\n")
        #expect(old.shutDown() + new.shutDown() + back.shutDown() == [])
    }

    @Test func thereMayBeNoPieces() throws {
        let old = try SimulatedHost(Club.self)
        let new = try old.nextGeneration(Club.self)
        #expect(old.swap(to: new) == [])
        #expect(new.logs.map(\.message) == ["restored 0"])
        #expect(old.shutDown() + new.shutDown() == [])
    }

    @Test(arguments: [
        ("empty piece", "a piece has 1 to 1048576 bytes, found 0"),
        ("large piece", "a piece has 1 to 1048576 bytes, found 1048577"), ("save", "there is too much of it"),
        ("caught", nil),
    ])
    func theOldInstanceGoesOnIfItsStateCannotBeSaved(_ fault: String, _ reason: String?) throws {
        let old = try SimulatedHost(Club.self, options: ["fault": .text(fault)])
        let connection = old.connect()
        connection.send("add one\n")
        let new = try old.nextGeneration(Club.self)
        #expect(old.swap(to: new) == [.stays])
        connection.send("pieces\n")
        #expect(connection.takeText() == "one\n")
        let errors = old.logs.filter { $0.level == .error }.map(\.message)
        #expect(errors == (reason.map { ["instance state: \($0)"] } ?? []))
        #expect(!old.logs.map(\.message).contains("the state has moved"))
        let result = fault == "save" ? -6 : -2
        #expect(old.shutDown() + new.shutDown() == ["the state has not moved: save returned \(result)"])
    }

    @Test(arguments: [("restore", "expected a piece that I like"), ("finish", "expected more")])
    func theOldInstanceGoesOnIfItsStateIsRefused(_ fault: String, _ reason: String) throws {
        let old = try SimulatedHost(Club.self)
        let connection = old.connect()
        connection.send("add one\nadd two\n")
        let new = try old.nextGeneration(Club.self, options: ["fault": .text(fault)])
        #expect(old.swap(to: new) == [.stays])
        connection.send("pieces\n")
        #expect(connection.takeText() == "one two\n")
        #expect(new.logs.filter { $0.level == .error } == [LogRecord(.error, "instance state: \(reason)")])
        #expect(old.shutDown() + new.shutDown() == ["the state has not moved: restore returned -6"])
    }

    /// Every length is checked: saved state comes from other code.
    @Test func savedStateIsReadWithinItsBounds() {
        let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: 32, alignment: 8)
        defer { buffer.deallocate() }
        var state = SavedState(buffer)
        state.append(UInt16(7))
        state.append("hé")
        state.append(Int64(-1))
        #expect(state.count == 2 + 4 + 3 + 8)
        let bytes = UnsafeRawBufferPointer(rebasing: buffer[..<state.count])
        var position = 0
        #expect(bytes.bytes.number(UInt16.self, at: &position) == 7)
        #expect(bytes.bytes.text(at: &position) == "hé")
        #expect(bytes.bytes.number(Int64.self, at: &position) == -1)
        #expect(position == state.count)
        #expect(bytes.bytes.number(UInt8.self, at: &position) == nil)
        for count in 0..<9 {
            position = 2
            let part = UnsafeRawBufferPointer(rebasing: buffer[..<count])
            #expect(part.bytes.text(at: &position) == nil && position == 2)
        }
        position = 0
        let huge: [UInt8] = [0xFF, 0xFF, 0xFF, 0xFF, 1]
        #expect(huge.span.bytes.text(at: &position) == nil)
    }
}
