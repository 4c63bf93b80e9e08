import MartletKit
import MartletKitTesting
import SCRAM
import Testing

@testable import BinaryPlugin
@testable import BinaryWire

/// A listener with users.
@Suite struct UserTests {
    private static let stores = ["memory", "main"]

    private func makeHost(_ store: String = "memory") throws -> SimulatedHost {
        let host = try SimulatedHost(Binary.self, options: ["store": .text(store)], hasUsers: true)
        host.setUser(User(name: "ann"), password: "secret")
        host.setUser(User(name: "audit", isReadOnly: true), password: "look")
        host.setUser(User(name: "shop", prefixes: [utf8("shop:")]), password: "sell")
        return host
    }

    private func logIn(_ client: Client, _ name: String, _ password: String) -> [Reply] {
        let replies = client.ask { try $0.authenticate(.plain, [0] + utf8(name) + [0] + utf8(password)) }
        return replies
    }

    private func code(_ replies: [Reply]) -> ErrorCode? {
        guard replies.count == 1, case .failed(let code, _) = replies[0] else { return nil }
        return code
    }

    @Test(arguments: stores) func nobodyIsServedBeforeItIsKnown(_ store: String) throws {
        let host = try makeHost(store)
        let client = Client(host)
        #expect(client.ping(utf8("p")) == [.pong(utf8("p"))])
        for replies in [
            client.echo(utf8("a")), client.get("a"), client.put("a", "1"), client.delete("a"), client.scan(),
            client.read("a"), client.write(.put(utf8("a"), [])), client.batch(.delete(utf8("a"))), client.unwatch(1),
            client.ask({ try $0.watch(.key, utf8("a")) }),
        ] { #expect(code(replies) == .authenticationRequired) }
        #expect(code(logIn(client, "ann", "wrong")) == .authenticationFailed)
        #expect(code(logIn(client, "nobody", "secret")) == .authenticationFailed)
        #expect(logIn(client, "ann", "secret") == [.user("ann", isReadOnly: false, message: [])])
        #expect(client.put("a", "1") == [.put(created: true)])
        #expect(client.get("a") == [.value(utf8("1"))])
        #expect(code(logIn(client, "audit", "wrong")) == .authenticationFailed)
        #expect(client.put("a", "2") == [.put(created: false)], "it stays who it was")
        #expect(host.shutDown() == [])
    }

    @Test(arguments: stores) func scramProvesBothSides(_ store: String) throws {
        let host = try makeHost(store)
        let client = Client(host)
        var scram = SCRAMClient(user: utf8("ann"), password: utf8("secret"), nonce: SCRAM.newNonce())
        guard case .goesOn(let challenge) = client.ask({ try $0.authenticate(.scram, scram.first) }).first else {
            Issue.record("no challenge")
            return
        }
        #expect(code(client.get("a")) == .authenticationRequired)
        let final = try scram.respond(to: challenge)
        guard case .user("ann", isReadOnly: false, let proof) = client.ask({ try $0.authenticate(.scram, final) }).first
        else {
            Issue.record("not taken")
            return
        }
        #expect(scram.isProven(by: proof))
        #expect(client.get("a") == [.value(nil)])
        #expect(host.shutDown() == [])
    }

    @Test(arguments: stores) func requestsThatFollowAtOnceWait(_ store: String) throws {
        let host = try makeHost(store)
        let client = Client(host)
        var bytes = client.bytes { try $0.authenticate(.plain, [0] + utf8("ann") + [0] + utf8("secret")) }
        bytes += client.bytes { try $0.put(key: utf8("a"), value: utf8("1")) }
        bytes += client.bytes { try $0.authenticate(.plain, [0] + utf8("audit") + [0] + utf8("look")) }
        bytes += client.bytes { try $0.put(key: utf8("a"), value: utf8("2")) }
        bytes += client.bytes { try $0.get(key: utf8("a")) }
        let replies = client.send(bytes)
        #expect(replies.count == 5)
        #expect(replies.first == .user("ann", isReadOnly: false, message: []))
        #expect(replies.contains(.put(created: true)))
        #expect(replies.contains(.user("audit", isReadOnly: true, message: [])))
        #expect(replies.contains { if case .failed(.notPermitted, _) = $0 { true } else { false } })
        #expect(replies.contains(.value(utf8("1"))))
        #expect(host.shutDown() == [])
    }

    @Test(arguments: stores) func aUserMayBeAllowedToReadOnly(_ store: String) throws {
        let host = try makeHost(store)
        let (ann, audit) = (Client(host), Client(host))
        _ = logIn(ann, "ann", "secret")
        #expect(ann.put("a", "1") == [.put(created: true)])
        #expect(logIn(audit, "audit", "look") == [.user("audit", isReadOnly: true, message: [])])
        #expect(audit.get("a") == [.value(utf8("1"))])
        #expect(audit.scan() == [.scan([.init(key: "a", value: "1")], more: false)])
        #expect(audit.echo(utf8("e")) == [.echo(utf8("e"))])
        for replies in [
            audit.put("a", "2"), audit.delete("a"), audit.write(.put(utf8("a"), [])), audit.batch(.delete(utf8("a"))),
        ] { #expect(code(replies) == .notPermitted) }
        #expect(ann.get("a") == [.value(utf8("1"))])
        #expect(host.shutDown() == [])
    }

    @Test(arguments: stores) func aUserMayBeLimitedToSomeKeys(_ store: String) throws {
        let host = try makeHost(store)
        let (ann, shop) = (Client(host), Client(host))
        _ = logIn(ann, "ann", "secret")
        #expect(ann.put("other", "1") == [.put(created: true)])
        _ = logIn(shop, "shop", "sell")
        #expect(shop.put("shop:a", "1") == [.put(created: true)])
        #expect(shop.scan("shop:") == [.scan([.init(key: "shop:a", value: "1")], more: false)])
        #expect(code(shop.batch(.put(utf8("shop:a"), []), .put(utf8("other"), []))) == .notPermitted)
        for replies in [
            shop.get("other"), shop.put("shop", "2"), shop.delete("other"), shop.read("other"), shop.scan(),
            shop.scan("sho"), shop.write(.delete(utf8("other"))), shop.ask({ try $0.watch(.prefix, []) }),
            shop.ask({ try $0.watch(.key, utf8("other")) }),
        ] { #expect(code(replies) == .notPermitted) }
        #expect(shop.watch(.prefix, "shop:") > 0)
        #expect(ann.get("other") == [.value(utf8("1"))])
        #expect(ann.get("shop:a") == [.value(utf8("1"))])
        #expect(host.shutDown() == [])
    }

    @Test func whatIsNoMessageIsRefused() throws {
        let host = try makeHost()
        let client = Client(host)
        for (mechanism, message) in [
            (AuthenticationMechanism.plain, "x"), (.scram, "x"), (.token, ""), (.plain, "\0a\0b\0c"),
        ] {
            #expect(code(client.ask { try $0.authenticate(mechanism, utf8(message)) }) == .malformedPayload)
        }
        for guess in 0..<10 { #expect(code(logIn(client, "ann", "\(guess)")) == .authenticationFailed) }
        #expect(code(logIn(client, "ann", "secret")) == .authenticationLimited)
        #expect(host.shutDown() == [])
    }

    @Test func withoutUsersNobodyNeedsToBeOne() throws {
        let host = try SimulatedHost(Binary.self)
        let client = Client(host)
        #expect(code(logIn(client, "ann", "secret")) == .notPermitted)
        #expect(client.put("a", "1") == [.put(created: true)])
        #expect(host.shutDown() == [])
    }

    @Test func aSwapKeepsWhoItIs() throws {
        let host = try makeHost()
        let (shop, stranger) = (Client(host), Client(host))
        _ = logIn(shop, "shop", "sell")
        let watch = shop.watch(.key, "shop:a")
        let next = try host.nextGeneration(Binary.self, hasUsers: true)
        #expect(host.swap(to: next).allSatisfy { $0 == .moved })
        #expect(shop.put("shop:a", "1").contains(.put(created: true)))
        #expect(watch > 0)
        #expect(code(shop.put("other", "1")) == .notPermitted)
        #expect(code(stranger.get("shop:a")) == .authenticationRequired)
        #expect(next.shutDown() == [])
        #expect(host.shutDown() == [])
    }

    @Test func usersThatComeWithASwapCountAtOnce() throws {
        let host = try SimulatedHost(Binary.self)
        let client = Client(host)
        #expect(client.put("a", "1") == [.put(created: true)])
        let next = try host.nextGeneration(Binary.self, hasUsers: true)
        next.setUser(User(name: "ann"), password: "secret")
        #expect(host.swap(to: next).allSatisfy { $0 == .moved })
        #expect(code(client.get("a")) == .authenticationRequired)
        #expect(logIn(client, "ann", "secret") == [.user("ann", isReadOnly: false, message: [])])
        #expect(client.get("a") == [.value(utf8("1"))])
        #expect(next.shutDown() == [])
        #expect(host.shutDown() == [])
    }
}
