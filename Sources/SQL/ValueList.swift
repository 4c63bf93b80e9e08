/// A value of SQL. Text and bytes are borrowed from a `ValueList`, or from a driver.
package enum ValueView {
    case null
    case integer(Int64)
    case real(Double)
    /// UTF-8
    case text(UnsafeRawBufferPointer)
    case bytes(UnsafeRawBufferPointer)
}

/// Values of SQL, one after another in one block of memory: the parameters of a statement, or the rows of a result.
///
/// Each is its kind in one byte and then 8 bytes of an integer or a real number, or the length in 8 bytes and the bytes.
package struct ValueList: Sendable, Equatable {
    private enum Kind: UInt8 { case null, integer, real, text, bytes }

    private var block: [UInt8] = []
    package private(set) var count = 0

    package init() {}

    /// In memory.
    package var byteCount: Int { block.count }

    /// Makes room for so many bytes in memory: at most 9 for each value, and those of text and bytes.
    package mutating func reserve(bytes: Int) { block.reserveCapacity(bytes) }

    package mutating func append(_ value: ValueView) {
        count += 1
        switch value {
        case .null: block.append(Kind.null.rawValue)
        case .integer(let number): append(Kind.integer, UInt64(bitPattern: number))
        case .real(let number): append(Kind.real, number.bitPattern)
        case .text(let text): append(Kind.text, text)
        case .bytes(let bytes): append(Kind.bytes, bytes)
        }
    }

    package mutating func append(_ text: String) {
        var text = text
        text.withUTF8 { append(.text(UnsafeRawBufferPointer($0))) }
    }

    package mutating func append(_ bytes: [UInt8]) { bytes.withUnsafeBytes { append(.bytes($0)) } }

    private mutating func append(_ kind: Kind, _ number: UInt64) {
        block.append(kind.rawValue)
        withUnsafeBytes(of: number) { block.append(contentsOf: $0) }
    }

    private mutating func append(_ kind: Kind, _ bytes: UnsafeRawBufferPointer) {
        append(kind, UInt64(bytes.count))
        block.append(contentsOf: bytes)
    }

    package mutating func removeAll() {
        block.removeAll(keepingCapacity: true)
        count = 0
    }

    /// Calls a function for each value, in order, with its index. What a value points to is there until
    /// `visit` returns.
    package func visit(_ body: (Int, ValueView) -> Void) {
        block.withUnsafeBytes { block in
            var position = 0
            for index in 0..<count { body(index, Self.next(block, &position)) }
        }
    }

    /// What `visit` has shown stays where it is until the call returns.
    package func keepInPlace(_ body: () -> Void) { block.withUnsafeBytes { _ in body() } }

    private static func next(_ block: UnsafeRawBufferPointer, _ position: inout Int) -> ValueView {
        let kind = Kind(rawValue: block[position])
        position += 1
        if kind == .null { return .null }
        let number = block.loadUnaligned(fromByteOffset: position, as: UInt64.self)
        position += 8
        if kind == .integer { return .integer(Int64(bitPattern: number)) }
        if kind == .real { return .real(Double(bitPattern: number)) }
        let bytes = UnsafeRawBufferPointer(rebasing: block[position..<position + Int(number)])
        position += bytes.count
        return kind == .text ? .text(bytes) : .bytes(bytes)
    }
}
