import Glibc
import Threads

/// The state of an instance in a file, for another process: its pieces, each after its length.
enum StatePieces {
    /// Appends a piece. nil data: the end, which is written as a piece of no bytes.
    static func write(_ data: UnsafePointer<UInt8>?, _ length: Int, to file: Int32) -> StateRefusal? {
        let count = withUnsafeBytes(of: UInt64(length)) { Array($0) }
        let piece = UnsafeRawBufferPointer(start: data, count: length)
        return count.withUnsafeBytes { append($0, to: file) } ?? append(piece, to: file)
    }

    /// write(2)
    private static func append(_ bytes: UnsafeRawBufferPointer, to file: Int32) -> StateRefusal? {
        var written = 0
        while written < bytes.count {
            let count = Glibc.write(file, bytes.baseAddress! + written, bytes.count - written)
            if count < 0, errno == EINTR { continue }
            guard count > 0 else { return StateRefusal(reason: "\(SystemError("write", "the state"))") }
            written += count
        }
        return nil
    }

    /// Passes all pieces on, and then the end. What another process has written is checked.
    static func read(
        _ file: Int32, _ take: (_ data: UnsafePointer<UInt8>?, _ length: Int) -> StateRefusal?
    ) -> StateRefusal? {
        var (offset, buffer) = (0, [UInt8](repeating: 0, count: StatePipe.pieceLimit))
        while true {
            var length: UInt64 = 0
            guard withUnsafeMutableBytes(of: &length, { fill($0, from: file, at: offset) }),
                length <= UInt64(StatePipe.pieceLimit)
            else { return damaged }
            offset += MemoryLayout<UInt64>.size
            if length == 0 { return take(nil, 0) }
            let isComplete = buffer.withUnsafeMutableBytes {
                fill(UnsafeMutableRawBufferPointer(rebasing: $0[..<Int(length)]), from: file, at: offset)
            }
            guard isComplete else { return damaged }
            if let problem = take(buffer, Int(length)) { return problem }
            offset += Int(length)
        }
    }

    private static var damaged: StateRefusal { StateRefusal(reason: "the state that was kept is damaged") }

    /// pread(2)
    private static func fill(_ room: UnsafeMutableRawBufferPointer, from file: Int32, at offset: Int) -> Bool {
        var filled = 0
        while filled < room.count {
            let count = pread(file, room.baseAddress! + filled, room.count - filled, off_t(offset + filled))
            if count < 0, errno == EINTR { continue }
            guard count > 0 else { return false }
            filled += count
        }
        return true
    }
}
