import CMartlet

/// A struct of `martlet.h` that starts with its size and may grow at its end: `martlet.h`, Growth.
///
/// A struct from the other side is read only through this: the part that both sides know is copied over zeroes.
package protocol SizedStruct {
    init()
    var size: UInt32 { get }
    /// Its size in ABI 1.0. No valid struct is smaller.
    static var firstSize: Int { get }
}

/// Why a struct of the other side cannot be read.
package struct SizedStructProblem: Error, Equatable {
    package let text: String

    package init(_ text: String) { self.text = text }
}

extension SizedStruct {
    /// A larger size is a mistake: no version has structs this large.
    private static var sizeLimit: Int { 1 << 16 }

    /// Copies the part that both sides know.
    ///
    /// - Parameter what: for the error: "its descriptor".
    package static func read(_ pointer: UnsafeRawPointer, _ what: String) throws(SizedStructProblem) -> Self {
        guard let copy = read(pointer) else {
            let size = pointer.loadUnaligned(as: UInt32.self)
            throw SizedStructProblem("\(what) states a size of \(size) bytes, expected \(firstSize) or more")
        }
        return copy
    }

    /// nil: the size is smaller than in ABI 1.0, or implausibly large.
    package static func read(_ pointer: UnsafeRawPointer) -> Self? {
        let size = Int(pointer.loadUnaligned(as: UInt32.self))
        guard size >= firstSize, size <= sizeLimit else { return nil }
        var copy = Self()
        withUnsafeMutableBytes(of: &copy) {
            $0.copyBytes(from: UnsafeRawBufferPointer(start: pointer, count: min(size, $0.count)))
        }
        return copy
    }

    /// Copies the entries of an array. The size of the first entry is the distance from one entry to the next.
    ///
    /// - Parameters:
    ///   - limit: more entries are a mistake.
    ///   - what: for the error: "its options".
    package static func readArray(
        _ first: UnsafePointer<Self>?, count: Int, limit: Int = 1_000, _ what: String
    ) throws(SizedStructProblem) -> [Self] {
        guard count > 0 else { return [] }
        guard let first, count <= limit else {
            throw SizedStructProblem("\(what) are NULL or more than \(limit)")
        }
        let base = UnsafeRawPointer(first)
        let stride = Int(base.loadUnaligned(as: UInt32.self))
        var entries: [Self] = []
        for index in 0..<count { entries.append(try read(base + index * stride, "an entry of \(what)")) }
        return entries
    }

    /// Writes the part that both sides know into a struct of the other side, which has set its size. The rest becomes 0.
    ///
    /// - Returns: false: the size is smaller than in ABI 1.0, or implausibly large; nothing is written.
    package func write(to pointer: UnsafeMutableRawPointer) -> Bool {
        let size = pointer.loadUnaligned(as: UInt32.self)
        guard size >= Self.firstSize, size <= Self.sizeLimit else { return false }
        withUnsafeBytes(of: self) { own in
            let count = min(Int(size), own.count)
            pointer.copyMemory(from: own.baseAddress!, byteCount: count)
            (pointer + count).initializeMemory(as: UInt8.self, repeating: 0, count: Int(size) - count)
        }
        pointer.storeBytes(of: size, as: UInt32.self)
        return true
    }

    /// The offset of the first byte after this member.
    package static func end<Member>(of member: KeyPath<Self, Member>) -> Int {
        MemoryLayout<Self>.offset(of: member)! + MemoryLayout<Member>.size
    }
}

// The last members of ABI 1.0. These do not change when the structs grow.
extension martlet_option: SizedStruct { package static let firstSize = end(of: \.choice_count) }
extension martlet_value: SizedStruct { package static let firstSize = end(of: \.column) }
extension martlet_env: SizedStruct { package static let firstSize = end(of: \.loop_state) }
extension martlet_address: SizedStruct { package static let firstSize = end(of: \.reserved2) }
extension martlet_opening: SizedStruct { package static let firstSize = end(of: \.endpoint) }
extension martlet_request: SizedStruct { package static let firstSize = end(of: \.target) }
extension martlet_host: SizedStruct { package static let firstSize = end(of: \.extension) }
extension martlet_extension: SizedStruct { package static let firstSize = end(of: \.functions) }
extension martlet_plugin: SizedStruct { package static let firstSize = end(of: \.closed) }
extension martlet_host_info: SizedStruct { package static let firstSize = end(of: \.listener) }
extension martlet_metric_description: SizedStruct { package static let firstSize = end(of: \.divisor) }
extension martlet_metrics: SizedStruct { package static let firstSize = end(of: \.observe) }
extension martlet_session_state: SizedStruct { package static let firstSize = end(of: \.reserved) }
extension martlet_operation: SizedStruct { package static let firstSize = end(of: \.function) }
extension martlet_operations: SizedStruct { package static let firstSize = end(of: \.release) }
extension martlet_loops: SizedStruct { package static let firstSize = end(of: \.cancel_timer) }
extension martlet_checkpoints: SizedStruct { package static let firstSize = end(of: \.checkpoint) }
extension martlet_groups: SizedStruct { package static let firstSize = end(of: \.count) }
extension martlet_transport: SizedStruct { package static let firstSize = end(of: \.text) }
extension martlet_databases: SizedStruct { package static let firstSize = end(of: \.close) }
extension martlet_database_call: SizedStruct { package static let firstSize = end(of: \.context) }
extension martlet_answer: SizedStruct { package static let firstSize = end(of: \.cursor) }
extension martlet_users: SizedStruct { package static let firstSize = end(of: \.set_principal) }
extension martlet_user: SizedStruct { package static let firstSize = end(of: \.prefixes) }
extension martlet_authentication_answer: SizedStruct { package static let firstSize = end(of: \.user) }
extension martlet_membership: SizedStruct { package static let firstSize = end(of: \.backlog) }
extension martlet_instance_state: SizedStruct { package static let firstSize = end(of: \.moved) }
extension martlet_simulation_error: SizedStruct { package static let firstSize = end(of: \.fault_count) }
extension martlet_simulation_settings: SizedStruct { package static let firstSize = end(of: \.context) }
extension martlet_simulation_arrival: SizedStruct { package static let firstSize = end(of: \.endpoint) }
extension martlet_simulated_state: SizedStruct { package static let firstSize = end(of: \.handed_over_to) }
extension martlet_simulated_log: SizedStruct { package static let firstSize = end(of: \.message) }
extension martlet_simulated_request: SizedStruct { package static let firstSize = end(of: \.request) }
