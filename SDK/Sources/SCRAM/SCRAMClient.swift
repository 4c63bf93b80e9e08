/// The client's side of one exchange. RFC 5802, section 5
public struct SCRAMClient: Sendable {
    public struct Failure: Error, Equatable, Sendable {
        public let text: String
    }

    private let password: [UInt8]
    private let nonce: [UInt8]
    private let firstBare: [UInt8]
    private var serverSignature: [UInt8]?

    /// - Parameter nonce: a new one, from `SCRAM.newNonce`.
    public init(user: [UInt8], password: [UInt8], nonce: [UInt8]) {
        (self.password, self.nonce) = (password, nonce)
        firstBare = Array("n=".utf8) + SCRAM.escaped(user) + Array(",r=".utf8) + nonce
    }

    private static let header = Array("n,,".utf8)

    /// The client-first-message.
    public var first: [UInt8] { Self.header + firstBare }

    /// The client-final-message. Takes as long as PBKDF2 does.
    public mutating func respond(to serverFirst: [UInt8]) throws(Failure) -> [UInt8] {
        guard let attributes = SCRAM.attributes(serverFirst), attributes.count >= 3,
            attributes[0].name == UInt8(ascii: "r"), attributes[1].name == UInt8(ascii: "s"),
            attributes[2].name == UInt8(ascii: "i"), let salt = Base64.decode(attributes[1].value), !salt.isEmpty,
            let iterations = Int(String(decoding: attributes[2].value, as: UTF8.self))
        else { throw Failure(text: "expected a server-first-message of RFC 5802") }
        let whole = attributes[0].value
        guard whole.starts(with: nonce), whole.count > nonce.count, SCRAM.isNonce(whole) else {
            throw Failure(text: "the nonce of the server does not continue that of the client")
        }
        // A server that asks for fewer would make the password easy to guess; one that asks for more would keep the client busy.
        guard SCRAMVerifier.iterationRange.contains(iterations) else {
            throw Failure(text: "expected \(SCRAMVerifier.iterationRange) iterations, found \(iterations)")
        }
        let salted = Digests.stretch(password, salt: salt, iterations: iterations)
        let clientKey = SCRAM.clientKey(salted)
        let comma = [UInt8(ascii: ",")]
        let withoutProof = Array("c=".utf8) + Base64.encode(Self.header) + Array(",r=".utf8) + whole
        let authMessage = firstBare + comma + serverFirst + comma + withoutProof
        let signature = Digests.hmac(Digests.sha256(clientKey), authMessage)
        serverSignature = Digests.hmac(SCRAM.serverKey(salted), authMessage)
        return withoutProof + Array(",p=".utf8) + Base64.encode(Digests.exclusiveOr(clientKey, signature))
    }

    /// Whether the server knows the password too.
    public func isProven(by serverFinal: [UInt8]) -> Bool {
        guard let serverSignature, let attributes = SCRAM.attributes(serverFinal), let first = attributes.first,
            first.name == UInt8(ascii: "v"), let given = Base64.decode(first.value)
        else { return false }
        return Digests.areEqual(given, serverSignature)
    }
}
