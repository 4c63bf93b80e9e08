/// An address of the loopback network that no other test listens on, so that its ports are free: 127.x.y.z.
struct OwnHost {
    let text: String

    init() {
        let parts = (0..<3).map { _ in String(UInt8.random(in: 1...254)) }
        text = "127." + parts.joined(separator: ".")
    }

    func address(port: UInt16) -> String { "\(text):\(port)" }

    /// Whether somebody listens.
    func listens(on port: UInt16) -> Bool { (try? Peer(.ipv4(text, port: port))) != nil }
}
