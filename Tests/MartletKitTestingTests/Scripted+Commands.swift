import Glibc
import MartletKit

extension Scripted {
    /// Returns false if the output is full.
    static func run(_ command: Character, _ connection: Connection<Scripted>) -> Bool {
        let services = connection.plugin.services
        switch command {
        case "g": connection.write(connection.plugin.greeting)
        case "C":
            _ = connection.reserve(4)
            connection.commit(5)
        case "F":
            // Writes after the four reserved bytes.
            connection.reserve(4)?.baseAddress?.storeBytes(of: 0, toByteOffset: 4, as: UInt8.self)
            connection.commit(4)
        case "D":
            _ = connection.reserve(4)
            connection.write("w")
            connection.commit(4)
        case "k": connection.plugin.kept.connection = connection
        case "u": connection.plugin.kept.connection?.write("u")
        case "R": connection.plugin.kept.refusesPeers = true
        case "p": connection.pause()
        case "t": connection.setTimer(milliseconds: 5)
        case "c":
            connection.write("c")
            connection.close()
            services.log(.info, "after close \(connection.write("d").rawValue)")
        case "a": connection.abort()
        case "B": connection.abort(.peer)
        case "H": services.log(.info, "hand over \(connection.handOver(to: "other").rawValue)")
        case "0": services.log(.info, "hand over \(connection.handOver(to: "").rawValue)")
        case "w": services.log(.info, "want \(connection.want(4).rawValue)")
        case "W": services.log(.info, "want \(connection.want(1 << 40).rawValue)")
        case "S", "M": lend(connection, changes: command == "M")
        case "j":
            let result = services.submit(for: connection.id) {
                42
            } done: { answer, access in
                if let access { access.connection.write("j\(answer)") } else { services.log(.info, "j gone") }
            }
            services.log(.info, "submit \(result.rawValue)")
        case "P": _ = services.post(to: connection.id) { $0?.connection.write("posted") }
        case "m": connection.plugin.counter.add(2)
        case "-": connection.plugin.counter.add(-1)
        case "r":
            connection.requestDone(
                method: "R", target: "target".utf8Span.span, status: 7, bytes: 9, failed: true)
        case "n": connection.write("\(connection.monotonicNanoseconds) \(connection.wallClockSeconds)")
        default: return connection.write("e") == .ok
        }
        return true
    }

    private static func lend(_ connection: Connection<Scripted>, changes: Bool) {
        let memory = UnsafeMutableRawBufferPointer.allocate(byteCount: 3, alignment: 1)
        memory.copyBytes(from: "abc".utf8)
        connection.writeShared(UnsafeRawBufferPointer(memory), context: memory.baseAddress) { $0?.deallocate() }
        if changes { memory[1] = 0 }
    }
}
