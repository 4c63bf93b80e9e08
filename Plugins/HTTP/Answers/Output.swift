import HTTPWire
import MartletKit

/// Several writes that make up one answer. After the host has refused a write, the rest is not written either.
struct Output {
    let connection: Connection<HTTP>
    private(set) var bytes = 0
    private(set) var result = HostResult.ok

    init(_ connection: Connection<HTTP>) { self.connection = connection }

    mutating func write(_ memory: UnsafeRawBufferPointer) {
        guard result.isAccepted, memory.count > 0 else { return }
        note(connection.write(memory), memory.count)
    }

    mutating func write(_ text: StaticString) {
        guard result.isAccepted else { return }
        note(connection.write(text), text.utf8CodeUnitCount)
    }

    /// Writes a head of at most `room` bytes.
    mutating func writeHead(room: Int, _ writeFields: (inout ResponseHeadWriter) -> Void) {
        guard result.isAccepted else { return }
        guard let memory = connection.reserve(room) else {
            result = .memory
            return
        }
        var writer = ResponseHeadWriter(memory)
        writeFields(&writer)
        guard let count = try? writer.finish() else {
            result = .argument
            return
        }
        note(connection.commit(count), count)
    }

    /// Sends a part of a file. `release(context)` is called in any case.
    mutating func send(
        _ descriptor: Int32, _ offset: UInt64, _ length: UInt64, context: UnsafeMutableRawPointer,
        release: @convention(c) (UnsafeMutableRawPointer?) -> Void
    ) {
        guard result.isAccepted else { return release(context) }
        note(
            connection.sendFile(descriptor, offset: offset, length: length, context: context, release: release),
            Int(length))
    }

    private mutating func note(_ result: HostResult, _ count: Int) {
        self.result = result
        if result.isAccepted { bytes += count }
    }
}
