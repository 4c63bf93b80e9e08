/// An address of the loopback network that no other test listens on, with ports of its own: 127.x.y.z.
struct OwnHost {
    private let text: String
    /// Below the kernel's range for outgoing connections, and away from the ports that programs like to take.
    private let firstPort = UInt16.random(in: 11_000...19_000)

    init() {
        let parts = (0..<3).map { _ in String(UInt8.random(in: 1...254)) }
        text = "127." + parts.joined(separator: ".")
    }

    func address(_ index: Int) -> String { "\(text):\(firstPort + UInt16(index))" }

    /// Whether somebody listens.
    func listens(on index: Int) -> Bool { (try? Peer(.ipv4(text, port: firstPort + UInt16(index)))) != nil }
}
