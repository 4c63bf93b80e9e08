/// A random loopback address 127.x.y.z with its own ports, which no other test is likely to use.
struct OwnHost {
    private let text: String
    /// Below the kernel's range for outgoing connections, and away from commonly used ports.
    private let firstPort = UInt16.random(in: 11_000...19_000)

    init() {
        let parts = (0..<3).map { _ in String(UInt8.random(in: 1...254)) }
        text = "127." + parts.joined(separator: ".")
    }

    func address(_ index: Int) -> String { "\(text):\(firstPort + UInt16(index))" }

    /// Whether a connection to that port succeeds.
    func listens(on index: Int) -> Bool { (try? Peer(.ipv4(text, port: firstPort + UInt16(index)))) != nil }
}
