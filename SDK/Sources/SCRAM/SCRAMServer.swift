/// The server's side of one exchange. RFC 5802, section 5
public struct SCRAMServer: Sendable {
    /// The message of the client breaks the rules, or asks for what is not offered.
    public struct Malformed: Error, Equatable, Sendable {
        public let text: String
    }

    /// Whom the client wants to be. Not proven yet.
    public let user: [UInt8]
    private let header: [UInt8]
    private let clientFirstBare: [UInt8]
    private let clientNonce: [UInt8]
    private var challenge: (verifier: SCRAMVerifier, serverFirst: [UInt8], nonce: [UInt8])?

    public init(clientFirst message: [UInt8]) throws(Malformed) {
        // gs2-header: a flag, and for whom the client would act, each with a comma.
        let commas = message.indices.filter { message[$0] == UInt8(ascii: ",") }
        guard message.count <= SCRAM.messageLimit, commas.count >= 3 else {
            throw Malformed(text: "expected a client-first-message of RFC 5802")
        }
        let flag = Array(message[..<commas[0]])
        guard flag.elementsEqual("n".utf8) || flag.elementsEqual("y".utf8) else {
            throw Malformed(text: "expected no channel binding")
        }
        header = Array(message[...commas[1]])
        clientFirstBare = Array(message[(commas[1] + 1)...])
        guard let attributes = SCRAM.attributes(clientFirstBare), attributes.count >= 2,
            attributes[0].name == UInt8(ascii: "n"), attributes[1].name == UInt8(ascii: "r"),
            let user = SCRAM.unescaped(attributes[0].value), !user.isEmpty, SCRAM.isNonce(attributes[1].value)
        else { throw Malformed(text: "expected a name and a nonce") }
        (self.user, clientNonce) = (user, attributes[1].value)
        let other = Array(message[(commas[0] + 1)..<commas[1]])
        guard other.isEmpty || other == Array("a=".utf8) + attributes[0].value else {
            throw Malformed(text: "nobody may act for somebody else")
        }
    }

    /// The server-first-message.
    ///
    /// - Parameter nonce: a new one, from `SCRAM.newNonce`.
    public mutating func challenge(_ verifier: SCRAMVerifier, nonce: [UInt8]) -> [UInt8] {
        let whole = clientNonce + nonce
        let message =
            Array("r=".utf8) + whole + Array(",s=".utf8) + Base64.encode(verifier.salt)
            + Array(",i=\(verifier.iterations)".utf8)
        challenge = (verifier, message, whole)
        return message
    }

    /// The server-final-message; nil: the proof is wrong.
    public func finish(clientFinal message: [UInt8]) throws(Malformed) -> [UInt8]? {
        guard let challenge, let attributes = SCRAM.attributes(message), attributes.count >= 3,
            attributes[0].name == UInt8(ascii: "c"), attributes[1].name == UInt8(ascii: "r"),
            let last = attributes.last, last.name == UInt8(ascii: "p"), let proof = Base64.decode(last.value),
            proof.count == SCRAMVerifier.keyBytes
        else { throw Malformed(text: "expected a client-final-message of RFC 5802") }
        guard Base64.decode(attributes[0].value) == header, attributes[1].value == challenge.nonce else {
            throw Malformed(text: "expected the header and the nonce of this exchange")
        }
        let withoutProof = Array(message.dropLast(last.value.count + 3))
        let comma = [UInt8(ascii: ",")]
        let authMessage = clientFirstBare + comma + challenge.serverFirst + comma + withoutProof
        let verifier = challenge.verifier
        let signature = Digests.hmac(verifier.storedKey, authMessage)
        let clientKey = Digests.exclusiveOr(proof, signature)
        guard Digests.areEqual(Digests.sha256(clientKey), verifier.storedKey) else { return nil }
        return Array("v=".utf8) + Base64.encode(Digests.hmac(verifier.serverKey, authMessage))
    }
}
