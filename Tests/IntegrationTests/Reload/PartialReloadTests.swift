import Glibc
import Server
import Testing

/// `martlet reload --partial`: good listeners change, bad ones continue unchanged.
@Suite struct PartialReloadTests {
    @Test func goodListenersChangeAndABadOneStaysAsItWas() throws {
        let (server, folder) = try site()
        let peer = try server.mover()
        try folder.install(Mover("2"))
        try Files.replace(folder.file("shout.so"), with: Array("not a library".utf8))
        let refused = try server.reload()
        #expect(refused.result == .refused)
        #expect(refused.outcomes == ["shout refused"])
        #expect(try peer.ask("version") == "1")

        let receipt = try server.reload(partial: true)
        #expect(receipt.result == .partial)
        #expect(receipt.isRefused)
        #expect(receipt.outcomes == ["mover swapped", "shout refused"])
        #expect(try peer.ask("version") == "2")
        #expect(try server.connect(to: "shout").ask("x") == "X")
        #expect(try server.generations(of: "shout") == [1])

        try folder.install(Fixture.library("shout"), as: "shout.so")
        #expect(try server.reload().outcomes == ["mover unchanged", "shout unchanged"])
    }

    /// No part of the bad file takes effect, neither its addresses nor its options.
    @Test(arguments: [
        "plugin = \"shout.so\"\nlisten = [", "plugin = \"gone.so\"\nlisten = \"127.0.0.1:0\"",
        "plugin = \"shout.so\"\nlisten = \"127.0.0.1:0\"\n[options]\nprefix = \"\(String(repeating: "x", count: 70))\"",
        "plugin = \"shout.so\"\nlisten = \"127.0.0.1:0\"\nlsten = 1",
        "plugin = \"shout.so\"\nlisten = \"192.0.2.1:9\"",
    ])
    func aListenerWithABadFileStays(text: String) throws {
        let (server, folder) = try site()
        let address = try server.address(of: "shout")
        let peer = try server.connect(to: "shout")
        try Files.replace(folder.file("shout.toml"), with: Array(text.utf8))
        try folder.install(Mover("2"))
        let receipt = try server.reload(partial: true)
        #expect(receipt.result == .partial)
        #expect(receipt.outcomes.contains("mover swapped"))
        #expect(receipt.outcomes.contains("shout refused"))
        #expect(try peer.ask("x") == "X")
        #expect(try Peer(address).ask("x") == "X")
        #expect(try server.generations(of: "shout") == [1])
        #expect(try server.mover().ask("version") == "2")
    }

    /// A listener whose new address is taken keeps its old address, so another listener cannot have that one.
    @Test func aListenerThatNeedsARefusedListenersAddressIsRefusedToo() throws {
        let (one, two, three) = (OwnHost().address(0), OwnHost().address(0), OwnHost().address(0))
        let holder = try PortHolder()
        let folder = try ServerFolder()
        try folder.installShout()
        try folder.listen("shout", plugin: "shout.so", on: [one])
        try folder.installEcho(on: [two])
        try folder.serve(Mover("1"), on: [three])
        let server = try RunningServer(folder)
        // shout cannot leave its address, so echo cannot take it, so mover cannot take echo's.
        try folder.listen("shout", plugin: "shout.so", on: ["127.0.0.1:\(holder.port)"])
        try folder.listen("echo", plugin: "echo.so", on: [one])
        try folder.listen("mover", plugin: "mover.so", on: [two])
        let receipt = try server.reload(partial: true)
        #expect(receipt.outcomes.sorted() == ["echo refused", "mover refused", "shout refused"], "\(receipt)")
        #expect(
            try receipt.entry(of: "echo").detail.contains(
                "\(one) is still in use by listener shout, whose change is refused"))
        #expect(try receipt.entry(of: "mover").detail.contains("listener echo, whose change is refused"))
        for _ in 0..<10 { #expect(try server.connect(to: "shout").ask("x") == "X") }
        #expect(try server.listener("echo")?.addresses == [two])
        #expect(try server.listener("shout")?.addresses == [one])
    }

    @Test func aNewListenerThatIsBadDoesNotStart() throws {
        let (server, folder) = try site()
        try folder.installFixture("crashes-in-entry")
        try folder.install(Mover("2"))
        #expect(
            try server.reload(partial: true).outcomes
                == ["mover swapped", "shout unchanged", "crashes-in-entry refused"])
        #expect(try server.listener("crashes-in-entry") == nil)
    }

    @Test func aBadProcessFileRefusesTheWholeReload() throws {
        let (server, folder) = try site()
        try folder.install(Mover("2"))
        try folder.configure("max_connections = \"many\"")
        let receipt = try server.reload(partial: true)
        #expect(receipt.result == .refused)
        #expect(receipt.entries.contains { $0.listener.isEmpty && $0.detail.contains("martlet.toml:") })
        #expect(try server.mover().ask("version") == "1")
        try folder.configure("")
        #expect(try server.reload(partial: true).result == .done)
        #expect(try server.mover().ask("version") == "2")
    }

    @Test func withoutBadListenersItIsAnOrdinaryReload() throws {
        let (server, folder) = try site()
        try folder.install(Mover("2"))
        let receipt = try server.reload(partial: true)
        #expect(receipt.result == .done)
        #expect(receipt.outcomes == ["mover swapped", "shout unchanged"])
    }

    @Test func theCommandExitsWithOneIfAnyListenerWasRefused() throws {
        let (server, folder) = try site()
        try Files.replace(folder.file("shout.so"), with: Array("not a library".utf8))
        try folder.install(Mover("2"))
        let result = try folder.martlet("reload", "--partial")
        #expect(result.status == 1)
        #expect(result.output.contains("done in part"))
        let receipt = try decodeJSON(Receipt.self, from: folder.martlet("reload", "--partial", "--json").output)
        #expect(receipt.result == .partial)
        #expect(receipt.outcomes == ["mover unchanged", "shout refused"])
        #expect(try server.mover().ask("version") == "2")
    }

    private func site() throws -> (RunningServer, ServerFolder) {
        let folder = try ServerFolder()
        try folder.serve(Mover("1"))
        try folder.installShout()
        return (try RunningServer(folder), folder)
    }
}
