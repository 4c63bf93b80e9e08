import SCRAM

/// Messages of a login, one a line: the client's first and last, and the server's first. Nothing but the right proof is accepted, and whoever
/// knows the password logs in, whatever the name is.
func checkSCRAM(_ bytes: UnsafeRawBufferPointer) {
    let lines = bytes.split(separator: UInt8(ascii: "\n"), maxSplits: 2, omittingEmptySubsequences: false).map {
        Array($0)
    }
    func line(_ index: Int) -> [UInt8] { index < lines.count ? lines[index] : [] }
    if var server = try? SCRAMServer(clientFirst: line(0)) {
        precondition(!server.user.isEmpty, "nobody logs in")
        _ = server.challenge(verifier, nonce: serverNonce)
        precondition((try? server.finish(clientFinal: line(1))) == nil, "a login without the password")
    }
    if !takesLong(line(2)) {
        var client = SCRAMClient(user: line(0), password: password, nonce: clientNonce)
        _ = try? client.respond(to: line(2))
        precondition(!client.isProven(by: line(1)), "a server that does not know the password is trusted")
    }
    if (1...256).contains(line(0).count) { checkExchange(of: line(0), spoilt: Int(line(1).first ?? 0)) }
    if let decoded = Base64.decode(line(1)) { precondition(Base64.encode(decoded) == line(1), "another text") }
}

private let password = Array("pencil".utf8)
private let clientNonce = Array("abc".utf8)
private let serverNonce = Array("server".utf8)
private let verifier = SCRAMVerifier(
    password: password, salt: Array("salt".utf8), iterations: SCRAMVerifier.iterationRange.lowerBound)

/// - Parameter place: of the byte that somebody changes in the client's last message.
private func checkExchange(of user: [UInt8], spoilt place: Int) {
    var client = SCRAMClient(user: user, password: password, nonce: clientNonce)
    guard var server = try? SCRAMServer(clientFirst: client.first), server.user == user,
        var final = try? client.respond(to: server.challenge(verifier, nonce: serverNonce)),
        let answer = try? server.finish(clientFinal: final), client.isProven(by: answer)
    else { preconditionFailure("the right password is refused") }
    final[place % final.count] ^= 1
    precondition((try? server.finish(clientFinal: final)) == nil, "a message that was changed is accepted")
}

/// Up to a million iterations are allowed.
private func takesLong(_ message: [UInt8]) -> Bool {
    message.split(separator: UInt8(ascii: ",")).contains { part in
        guard part.starts(with: "i=".utf8), let count = Int(String(decoding: part.dropFirst(2), as: UTF8.self)) else {
            return false
        }
        return count > SCRAMVerifier.iterationRange.lowerBound
    }
}
