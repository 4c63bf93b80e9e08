import Testing

@testable import SCRAM

@Suite struct SCRAMTests {
    private func bytes(_ text: String) -> [UInt8] { Array(text.utf8) }
    private func text(_ bytes: [UInt8]) -> String { String(decoding: bytes, as: UTF8.self) }

    /// RFC 7677, section 3
    @Test func theExampleOfTheStandard() throws {
        let salt = try #require(Base64.decode("W22ZaJ0SNY7soEsUEjb6gQ==".utf8))
        let verifier = SCRAMVerifier(password: bytes("pencil"), salt: salt, iterations: 4_096)
        var client = SCRAMClient(user: bytes("user"), password: bytes("pencil"), nonce: bytes("rOprNGfwEbeRWgbNEkqO"))
        #expect(text(client.first) == "n,,n=user,r=rOprNGfwEbeRWgbNEkqO")
        var server = try SCRAMServer(clientFirst: client.first)
        #expect(text(server.user) == "user")
        let first = server.challenge(verifier, nonce: bytes("%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0"))
        #expect(
            text(first) == "r=rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0,s=W22ZaJ0SNY7soEsUEjb6gQ==,i=4096")
        let final = try client.respond(to: first)
        #expect(
            text(final) == "c=biws,r=rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0,"
                + "p=dHzbZapWIk4jUhN+Ute9ytag9zjfMHgsqmmiz7AndVQ=")
        let proof = try #require(try server.finish(clientFinal: final))
        #expect(text(proof) == "v=6rriTRBi23WpRR/wtup+mMhUZUn/dB5nLTJRsjl95G4=")
        #expect(client.isProven(by: proof))
        #expect(verifier.accepts(password: bytes("pencil")))
        #expect(!verifier.accepts(password: bytes("pencils")))
    }

    @Test(arguments: ["wrong", "", "pencil ", "Pencil"])
    func aWrongPasswordIsDenied(_ password: String) throws {
        let verifier = SCRAMVerifier(password: bytes("pencil"), salt: [1, 2, 3, 4], iterations: 4_096)
        var client = SCRAMClient(user: bytes("a"), password: bytes(password), nonce: SCRAM.newNonce())
        var server = try SCRAMServer(clientFirst: client.first)
        let final = try client.respond(to: server.challenge(verifier, nonce: SCRAM.newNonce()))
        #expect(try server.finish(clientFinal: final) == nil)
    }

    @Test(arguments: ["=", ",", "a=2C", "a,b=c", "ä=ß,", "=2C=3D"])
    func aNameMayHaveAnyCharacter(_ name: String) throws {
        let client = SCRAMClient(user: bytes(name), password: [], nonce: SCRAM.newNonce())
        #expect(text(try SCRAMServer(clientFirst: client.first).user) == name)
    }

    @Test func aServerThatDoesNotKnowThePasswordProvesNothing() throws {
        var client = SCRAMClient(user: bytes("a"), password: bytes("p"), nonce: bytes("n"))
        #expect(!client.isProven(by: bytes("v=AAAA")), "before its challenge")
        _ = try client.respond(to: bytes("r=nm,s=AAAA,i=4096"))
        for final in [
            "", "v=", "v=AAAA", "e=other-error", "v=" + text(Base64.encode([UInt8](repeating: 0, count: 32))),
        ] {
            #expect(!client.isProven(by: bytes(final)), "\(final)")
        }
    }

    @Test(arguments: [
        "", ",", "n", "n,,", "n,,n=a", "n,,r=x,n=a", "n,,n=,r=x", "n,,n=a,r=", "n,,n=a=2,r=x", "n,,n=a=2X,r=x",
        "p=tls-unique,,n=a,r=x", "x,,n=a,r=x", "n,a=b,n=a,r=x", "n,,m=1,n=a,r=x", "n,,n=a,r=x\u{7F}",
        "n,,n=a,r=\(String(repeating: "r", count: 513))", "n,,n=a,r=x,x=\(String(repeating: "r", count: 2_048))",
    ])
    func aMalformedFirstMessageIsRefused(_ message: String) {
        #expect(throws: SCRAMServer.Malformed.self) { try SCRAMServer(clientFirst: bytes(message)) }
    }

    @Test func anotherFormOfTheHeaderIsTaken() throws {
        for message in ["y,,n=a,r=x", "n,a=a,n=a,r=x", "n,,n=a,r=x,f=1"] {
            #expect(text(try SCRAMServer(clientFirst: bytes(message)).user) == "a")
        }
    }

    @Test(arguments: [
        "", "c=biws", "c=biws,r=xy", "c=biws,r=xy,p=", "c=biws,r=xy,p=AAAA", "c=biws,r=other,p=PROOF",
        "c=AAAA,r=xy,p=PROOF",
        "r=xy,c=biws,p=PROOF", "c=biws,r=xy,p=PROOF,x=1",
    ])
    func aMalformedFinalMessageIsRefused(_ message: String) throws {
        let verifier = SCRAMVerifier(password: bytes("p"), salt: [1], iterations: 4_096)
        var server = try SCRAMServer(clientFirst: bytes("n,,n=a,r=x"))
        let proof = text(Base64.encode([UInt8](repeating: 0, count: 32)))
        let parts = message.split(separator: "PROOF", omittingEmptySubsequences: false)
        let whole = bytes(parts.joined(separator: proof))
        #expect(throws: SCRAMServer.Malformed.self, "before the challenge") { try server.finish(clientFinal: whole) }
        _ = server.challenge(verifier, nonce: bytes("y"))
        #expect(throws: SCRAMServer.Malformed.self) { try server.finish(clientFinal: whole) }
    }

    @Test(arguments: [
        "", "r=n,s=AAAA,i=4096", "r=other,s=AAAA,i=4096", "r=nm,s=,i=4096", "r=nm,s=%,i=4096", "r=nm,s=AAAA,i=",
        "r=nm,s=AAAA,i=4095", "r=nm,s=AAAA,i=1000001", "r=nm,s=AAAA,i=99999999999999999999", "s=AAAA,r=nm,i=4096",
    ])
    func aMalformedChallengeIsRefused(_ message: String) {
        var client = SCRAMClient(user: bytes("a"), password: bytes("p"), nonce: bytes("n"))
        #expect(throws: SCRAMClient.Failure.self) { try client.respond(to: bytes(message)) }
    }

    @Test func base64() {
        let pairs = [
            ("", ""), ("f", "Zg=="), ("fo", "Zm8="), ("foo", "Zm9v"), ("foob", "Zm9vYg=="), ("fooba", "Zm9vYmE="),
            ("foobar", "Zm9vYmFy"),
        ]
        for (plain, encoded) in pairs {
            #expect(text(Base64.encode(bytes(plain))) == encoded)
            #expect(Base64.decode(encoded.utf8) == bytes(plain))
        }
        for wrong in ["Z", "Zg", "Zg=", "Zh==", "Zm9=", "====", "Z===", "Zg==Zg==", "Zm9\n", "Zm-_"] {
            #expect(Base64.decode(wrong.utf8) == nil, "\(wrong)")
        }
        let all = (0...255).map(UInt8.init)
        #expect(Base64.decode(Base64.encode(all)) == all)
    }
}
