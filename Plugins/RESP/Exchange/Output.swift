import Glibc
import MartletKit
import RESPWire

/// The answers of one callback. They are written straight into the host's output buffer, and committed together: one call of the
/// host for all commands that came together. On a thread of a database they are collected in memory instead.
struct Output {
    /// nil: collects.
    private let connection: Connection<RESP>?
    /// The version of the protocol: 2 or 3.
    var version: UInt8
    private var base: UnsafeMutableRawPointer?
    private var used = 0
    private var capacity = 0
    /// Of all answers.
    private(set) var bytes = 0
    /// `full`: finish the command that runs, and take no more. An error: the connection is closing.
    private(set) var result = HostResult.ok

    private static let usualReserve = 4_096

    init(collectingVersion version: UInt8) { (connection, self.version) = (nil, version) }

    init(_ connection: Connection<RESP>, version: UInt8) {
        self.connection = connection
        self.version = version
    }

    /// Memory for `count` bytes. nil: the connection is closing.
    @inline(__always)
    private mutating func room(_ count: Int) -> UnsafeMutableRawPointer? {
        if capacity - used < count { reserve(count) }
        return base.map { $0 + used }
    }

    @inline(__always)
    private mutating func take(_ count: Int) {
        used += count
        bytes += count
    }

    @inline(never)
    private mutating func reserve(_ count: Int) {
        guard let connection else { return grow(count) }
        flush()
        guard result.isAccepted else { return }
        if let memory = connection.reserve(max(count, Self.usualReserve)) {
            (base, capacity) = (memory.baseAddress, memory.count)
        } else {
            // Otherwise the client would take the next answer for the missing one.
            connection.abort()
            result = .memory
        }
    }

    private mutating func grow(_ count: Int) {
        capacity = max(2 * capacity, used + max(count, Self.usualReserve))
        guard let memory = realloc(base, capacity) else { fatalError("no memory for \(capacity) bytes") }
        base = memory
    }

    /// What was collected, which becomes empty.
    mutating func takeCollected() -> [UInt8] {
        defer {
            free(base)
            (base, used, capacity) = (nil, 0, 0)
        }
        return Array(UnsafeRawBufferPointer(start: base, count: used))
    }

    /// Hands what was written to the host. Call it before any other output function of the host, and at the end.
    mutating func flush() {
        guard let connection else { return }
        if used > 0 {
            let committed = connection.commit(used)
            if result == .ok { result = committed }
        }
        (base, used, capacity) = (nil, 0, 0)
    }

    /// Sends what was written, then closes. Nothing can be written any more.
    mutating func close() {
        flush()
        connection?.close()
        result = .closed
    }

    // MARK: Answers

    /// Bytes that are an answer already.
    mutating func raw(_ text: StaticString) {
        guard let memory = room(text.utf8CodeUnitCount) else { return }
        memcpy(memory, text.utf8Start, text.utf8CodeUnitCount)
        take(text.utf8CodeUnitCount)
    }

    @inline(__always)
    mutating func ok() {
        guard let memory = room(8) else { return }
        // "+OK\r\n"
        memory.storeBytes(of: UInt64(0x0A_0D4B_4F2B).littleEndian, as: UInt64.self)
        take(5)
    }

    mutating func simple(_ text: String) { line(0x2B, text) }
    /// With its code: `ERR syntax error`. Line breaks would end it.
    mutating func error(_ text: String) {
        line(0x2D, String(text.unicodeScalars.map { $0.value < 0x20 ? " " : Character($0) }))
    }

    private mutating func line(_ type: UInt8, _ text: String) {
        var text = text
        text.withUTF8 { text in
            guard let memory = room(text.count + 3) else { return }
            memory.storeBytes(of: type, as: UInt8.self)
            if let from = text.baseAddress { memcpy(memory + 1, from, text.count) }
            memory.storeBytes(of: 0x0A0D, toByteOffset: text.count + 1, as: UInt16.self)
            take(text.count + 3)
        }
    }

    @inline(__always)
    mutating func integer(_ value: Int64) { header(0x3A, value) }
    mutating func integer(_ value: Int) { header(0x3A, Int64(value)) }
    mutating func boolean(_ value: Bool) { raw(value ? ":1\r\n" : ":0\r\n") }

    @inline(__always)
    private mutating func header(_ type: UInt8, _ value: Int64) {
        guard let memory = room(24) else { return }
        take(Self.writeHeader(type, value, memory))
    }

    @inline(__always)
    private static func writeHeader(_ type: UInt8, _ value: Int64, _ memory: UnsafeMutableRawPointer) -> Int {
        memory.storeBytes(of: type, as: UInt8.self)
        var count = 1
        if value >= 0, value < 10 {
            memory.storeBytes(of: UInt8(0x30 + value), toByteOffset: 1, as: UInt8.self)
            count = 2
        } else {
            var digits = MutableSpan<UInt8>(
                _unsafeStart: (memory + 1).assumingMemoryBound(to: UInt8.self), count: 20)
            count = 1 + Number.write(value, into: &digits)
        }
        memory.storeBytes(of: 0x0A0D, toByteOffset: count, as: UInt16.self)
        return count + 2
    }

    @inline(__always)
    mutating func bulk(_ bytes: UnsafeRawBufferPointer) {
        guard let memory = room(bytes.count + 26) else { return }
        let start = Self.writeHeader(0x24, Int64(bytes.count), memory)
        if let from = bytes.baseAddress { memcpy(memory + start, from, bytes.count) }
        memory.storeBytes(of: 0x0A0D, toByteOffset: start + bytes.count, as: UInt16.self)
        take(start + bytes.count + 2)
    }

    mutating func bulk(_ text: String) {
        var text = text
        text.withUTF8 { bulk(UnsafeRawBufferPointer($0)) }
    }

    mutating func null() { raw(version == 3 ? "_\r\n" : "$-1\r\n") }
    /// Where the answer would be an array.
    mutating func nullArray() { raw(version == 3 ? "_\r\n" : "*-1\r\n") }
    mutating func array(_ count: Int) { header(0x2A, Int64(count)) }
    /// RESP2 has no maps: an array of keys and values.
    mutating func map(_ count: Int) { version == 3 ? header(0x25, Int64(count)) : header(0x2A, Int64(2 * count)) }
    /// RESP2 has no sets.
    mutating func set(_ count: Int) { header(version == 3 ? 0x7E : 0x2A, Int64(count)) }
    /// What nobody asked for: an array in RESP2.
    mutating func push(_ count: Int) { header(version == 3 ? 0x3E : 0x2A, Int64(count)) }
    /// Text with its format in RESP3, as INFO.
    mutating func verbatim(_ text: String) {
        guard version == 3 else { return bulk(text) }
        header(0x3D, Int64(text.utf8.count + 4))
        raw("txt:")
        write(text)
        raw("\r\n")
    }

    private mutating func write(_ text: String) {
        var text = text
        text.withUTF8 { text in
            guard let memory = room(text.count), let from = text.baseAddress else { return }
            memcpy(memory, from, text.count)
            take(text.count)
        }
    }

    /// Answers that were written elsewhere.
    mutating func append(_ bytes: UnsafeRawBufferPointer) {
        guard let memory = room(bytes.count), let from = bytes.baseAddress else { return }
        memcpy(memory, from, bytes.count)
        take(bytes.count)
    }
}
