import FoundationEssentials

/// A message between the control side and a host: a head, and a value as JSON.
struct Packet: Sendable {
    enum Kind: UInt8 {
        /// A call that is answered; one that is not.
        case call, order
        case answer, event
    }

    private static let headSize = 10

    let kind: Kind
    /// Pairs an answer with its call; else 0.
    let number: UInt64
    /// Of a call.
    let name: String
    let body: [UInt8]

    /// - Parameter name: at most 255 bytes.
    init(_ kind: Kind, _ number: UInt64, name: String = "", _ value: some Encodable) {
        self.kind = kind
        self.number = number
        self.name = name
        // Every value here has plain members only, so it can be encoded.
        guard let data = try? JSONEncoder().encode(value) else { preconditionFailure("\(name) cannot be encoded") }
        body = Array(data)
    }

    /// nil: these bytes are no packet.
    init?(_ bytes: [UInt8]) {
        guard bytes.count >= Self.headSize, let kind = Kind(rawValue: bytes[0]) else { return nil }
        let end = Self.headSize + Int(bytes[9])
        guard bytes.count >= end else { return nil }
        self.kind = kind
        number = bytes[1..<9].reversed().reduce(0) { $0 << 8 | UInt64($1) }
        name = String(decoding: bytes[Self.headSize..<end], as: UTF8.self)
        body = Array(bytes[end...])
    }

    var bytes: [UInt8] {
        let head = [kind.rawValue] + (0..<8).map { UInt8(truncatingIfNeeded: number >> (8 * $0)) }
        return head + [UInt8(name.utf8.count)] + name.utf8 + body
    }

    /// nil: the body is no such value.
    func value<Value: Decodable>(_ type: Value.Type) -> Value? {
        try? JSONDecoder().decode(type, from: Data(body))
    }
}
