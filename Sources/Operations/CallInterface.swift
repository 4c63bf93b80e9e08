import CFFI
import CMartlet
import Glibc

/// A C function with the call interface of its signature, prepared once (libffi, ffi_prep_cif). May be called from any
/// thread.
package final class CallInterface: @unchecked Sendable {
    /// The `env` is passed before the arguments.
    private static let leading = 1

    private let function: @convention(c) () -> Void
    private let signature: Signature
    private let interface = UnsafeMutablePointer<ffi_cif>.allocate(capacity: 1)
    private let types: UnsafeMutablePointer<UnsafeMutablePointer<ffi_type>?>

    init(_ signature: Signature, function: @escaping @convention(c) () -> Void) throws(Signature.Problem) {
        self.signature = signature
        self.function = function
        let all = [cffi_pointer()] + signature.arguments.map(\.type.foreign)
        types = .allocate(capacity: all.count)
        for (index, type) in all.enumerated() { (types + index).initialize(to: type) }
        guard
            ffi_prep_cif(interface, FFI_DEFAULT_ABI, UInt32(all.count), signature.result.foreign, types) == FFI_OK
        else { throw .init(text: "this machine cannot call \(signature)") }
    }

    deinit {
        interface.deallocate()
        types.deallocate()
    }

    /// Calls the function. A result that points to memory is copied, then given to `release`.
    ///
    /// - Parameter values: one value of each of the signature's types, in its order.
    func call(
        _ env: UnsafePointer<martlet_env>, _ values: [OperationValue], release: ReleaseFunction?
    ) -> OperationValue {
        let count = Self.leading + values.count
        // One slot for each argument and for the result, large enough for every type; ffi_call(3) gets a pointer to each.
        let slots = UnsafeMutableRawBufferPointer.allocate(byteCount: (count + 1) * Slot.size, alignment: Slot.size)
        let places = UnsafeMutablePointer<UnsafeMutableRawPointer?>.allocate(capacity: count)
        var copies: [UnsafeMutableRawPointer] = []
        defer {
            for copy in copies { free(copy) }
            places.deallocate()
            slots.deallocate()
        }
        slots.initializeMemory(as: UInt8.self, repeating: 0)
        for index in 0..<count { places[index] = slots.baseAddress! + index * Slot.size }
        places[0]!.storeBytes(of: env, as: UnsafePointer<martlet_env>.self)
        for (index, value) in values.enumerated() {
            if let copy = Slot.store(value, signature.arguments[index].type, at: places[Self.leading + index]!) {
                copies.append(copy)
            }
        }
        let result = slots.baseAddress! + count * Slot.size
        ffi_call(interface, function, result, places)
        return Slot.load(signature.result, from: result) { release?(env, $0) }
    }

    typealias ReleaseFunction = @convention(c) (UnsafePointer<martlet_env>?, UnsafeRawPointer?) -> Void
}

/// One value in its C form.
private enum Slot {
    static let size = max(MemoryLayout<martlet_bytes>.size, MemoryLayout<ffi_arg>.size)

    /// - Returns: memory that the argument points to, which the caller frees after the call.
    static func store(
        _ value: OperationValue, _ type: ValueType, at place: UnsafeMutableRawPointer
    ) -> UnsafeMutableRawPointer? {
        switch value {
        case .nothing: return nil
        case .boolean(let value): place.storeBytes(of: value ? 1 : 0, as: UInt8.self)
        case .integer(let value) where type == .i32:
            place.storeBytes(of: Int32(truncatingIfNeeded: value), as: Int32.self)
        case .integer(let value): place.storeBytes(of: value, as: Int64.self)
        case .unsigned(let value) where type == .u32:
            place.storeBytes(of: UInt32(truncatingIfNeeded: value), as: UInt32.self)
        case .unsigned(let value): place.storeBytes(of: value, as: UInt64.self)
        case .number(let value): place.storeBytes(of: value, as: Double.self)
        case .text(let value):
            let copy = strdup(value)
            place.storeBytes(of: copy, as: UnsafeMutablePointer<CChar>?.self)
            return UnsafeMutableRawPointer(copy)
        case .bytes(let value):
            let copy = malloc(max(value.count, 1))!
            value.withUnsafeBytes {
                copy.copyMemory(from: $0.baseAddress ?? UnsafeRawPointer(copy), byteCount: $0.count)
            }
            place.storeBytes(
                of: martlet_bytes(data: copy.assumingMemoryBound(to: UInt8.self), length: value.count),
                as: martlet_bytes.self)
            return copy
        }
        return nil
    }

    /// ffi_call(3) widens integers that are narrower than a register to `ffi_arg`.
    static func load(
        _ type: ValueType, from place: UnsafeMutableRawPointer, release: (UnsafeRawPointer) -> Void
    ) -> OperationValue {
        let word = place.load(as: ffi_arg.self)
        switch type {
        case .void: return .nothing
        case .bool: return .boolean(word & 0xff != 0)
        case .i32: return .integer(Int64(Int32(truncatingIfNeeded: word)))
        case .u32: return .unsigned(UInt64(UInt32(truncatingIfNeeded: word)))
        case .i64: return .integer(place.load(as: Int64.self))
        case .u64: return .unsigned(place.load(as: UInt64.self))
        case .f64: return .number(place.load(as: Double.self))
        case .cstr:
            guard let text = place.load(as: UnsafePointer<CChar>?.self) else { return .nothing }
            defer { release(UnsafeRawPointer(text)) }
            return .text(String(cString: text))
        case .bytes:
            let bytes = place.load(as: martlet_bytes.self)
            guard let data = bytes.data else { return .nothing }
            defer { release(UnsafeRawPointer(data)) }
            return .bytes(Array(UnsafeRawBufferPointer(start: data, count: bytes.length)))
        }
    }
}
