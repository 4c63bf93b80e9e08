import KeyValueStore
import MartletKit
import RESPWire

/// One command and its answer: what a command needs to run.
struct Exchange {
    /// nil: it runs on a thread of a database.
    private let peer: Connection<RESP>?
    let database: Unmanaged<Database>
    /// The input, or the commands between MULTI and EXEC.
    var input: UnsafeRawBufferPointer
    var request = Request()
    var output: Output
    /// With all locks while EXEC runs.
    var access: KeyAccess
    /// Milliseconds since 1970.
    let now: Int64
    /// Nobody else uses the keys meanwhile.
    var isExclusive = false
    let maximumValueBytes: Int

    init(_ connection: Connection<RESP>, _ input: UnsafeRawBufferPointer, version: UInt8) {
        peer = connection
        self.input = input
        maximumValueBytes = connection.plugin.options.maximumValueBytes
        now = connection.loop.milliseconds(
            monotonicNanoseconds: connection.monotonicNanoseconds, wallClockSeconds: connection.wallClockSeconds)
        output = Output(connection, version: version)
        (database, access) = connection.plugin.withDatabase { (Unmanaged.passUnretained($0), .memory($0.store.access)) }
    }

    /// For commands on keys in an open transaction. The answers are collected.
    init(
        _ keys: StoredKeys, _ database: Unmanaged<Database>, _ input: UnsafeRawBufferPointer, version: UInt8,
        now: Int64,
        maximumValueBytes: Int
    ) {
        peer = nil
        (self.database, self.input, self.now, self.maximumValueBytes) = (database, input, now, maximumValueBytes)
        output = Output(collectingVersion: version)
        access = .stored(keys)
        isExclusive = true
    }

    /// Of commands that are not about keys.
    @inline(__always)
    var connection: Connection<RESP> { peer.unsafelyUnwrapped }

    var options: RESPOptions { connection.plugin.options }

    @inline(__always)
    func withStore<Result>(_ body: (SharedStore) -> Result) -> Result {
        database._withUnsafeGuaranteedRef { body($0.store) }
    }

    var span: UnsafeBufferPointer<UInt8> { input.bindMemory(to: UInt8.self) }

    /// The bytes of an argument; 0 is the name of the command.
    @inline(__always)
    func argument(_ index: Int) -> UnsafeRawBufferPointer {
        let range = request.argument(index, in: span.span)
        return UnsafeRawBufferPointer(rebasing: input[range.start..<range.end])
    }

    /// Calls `body` with each argument from `first` on, in steps.
    func eachArgument(from first: Int, step: Int = 1, _ body: (UnsafeRawBufferPointer) -> Void) {
        guard first < request.count else { return }
        var range = request.argument(first, in: span.span)
        var index = first
        while true {
            body(UnsafeRawBufferPointer(rebasing: input[range.start..<range.end]))
            for _ in 0..<step {
                index += 1
                guard index < request.count else { return }
                range = request.argument(after: range, in: span.span)
            }
        }
    }

    /// The bytes of the command, framed as they came.
    var frame: [UInt8] {
        var frame = Array("*\(request.count)\r\n".utf8)
        eachArgument(from: 0) { argument in
            frame += Array("$\(argument.count)\r\n".utf8)
            frame += argument
            frame += [0x0D, 0x0A]
        }
        return frame
    }

    // MARK: Arguments

    func integer(_ index: Int) -> Int64? { Number.integer(argument(index).bindMemory(to: UInt8.self).span) }

    mutating func notAnInteger() { output.error("ERR value is not an integer or out of range") }
    mutating func syntaxError() { output.error("ERR syntax error") }
    mutating func wrongArity() {
        output.error("ERR wrong number of arguments for '\(argument(0).text.lowercased())' command")
    }

    /// Answers an error if an edit was not possible. Returns whether it was.
    mutating func check(_ outcome: EditOutcome) -> Bool {
        switch outcome {
        case .done: return true
        case .full: output.error("OOM command not allowed when used memory > 'maxmemory'.")
        case .noMemory: output.error("ERR key or value is larger than this server stores")
        }
        return false
    }

    /// Runs `body` while all keys from `first` on, in steps, are locked together.
    mutating func withAllKeys(from first: Int, step: Int = 1, _ body: (inout Exchange, KeyAccess) -> Void) {
        if isExclusive || request.count - first <= step { return body(&self, access) }
        var set = ShardSet()
        withStore { store in eachArgument(from: first, step: step) { store.add($0, to: &set) } }
        database._withUnsafeGuaranteedRef { $0.store.locked(set) { body(&self, .memory($0)) } }
    }
}

extension UnsafeRawBufferPointer {
    /// As UTF-8. Invalid UTF-8 is replaced by U+FFFD.
    var text: String { String(decoding: self, as: UTF8.self) }

    /// Whether this is a keyword, which is given in upper case.
    func `is`(_ word: StaticString) -> Bool {
        guard count == word.utf8CodeUnitCount else { return false }
        for index in 0..<count {
            let byte = self[index]
            let upper = (0x61...0x7A).contains(byte) ? byte - 0x20 : byte
            if upper != word.utf8Start[index] { return false }
        }
        return true
    }
}

extension StaticString {
    var bytes: UnsafeRawBufferPointer { UnsafeRawBufferPointer(start: utf8Start, count: utf8CodeUnitCount) }
}
