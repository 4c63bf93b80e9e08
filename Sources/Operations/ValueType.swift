import CFFI
import CMartlet

/// A type in the signature of an operation: `martlet/ext/operations.h`.
package enum ValueType: String, CaseIterable, Codable, Sendable {
    case void, bool, i32, u32, i64, u64, f64, cstr, bytes

    /// The allowed values of an argument, for messages.
    package var range: String {
        switch self {
        case .void: "nothing"
        case .bool: "true or false"
        case .i32: "\(Int32.min) to \(Int32.max)"
        case .u32: "0 to \(UInt32.max)"
        case .i64: "\(Int64.min) to \(Int64.max)"
        case .u64: "0 to \(UInt64.max)"
        case .f64: "a number"
        case .cstr: "text"
        case .bytes: "text, or hex:... for any bytes"
        }
    }

    /// A result of this type points to memory of the plugin.
    var isBorrowed: Bool { self == .cstr || self == .bytes }

    var foreign: UnsafeMutablePointer<ffi_type> {
        switch self {
        case .void: cffi_void()
        case .bool: cffi_uint8()
        case .i32: cffi_sint32()
        case .u32: cffi_uint32()
        case .i64: cffi_sint64()
        case .u64: cffi_uint64()
        case .f64: cffi_double()
        case .cstr: cffi_pointer()
        case .bytes: Self.bytesType
        }
    }

    /// `martlet_bytes`. libffi computes its size here, once; later several threads only read it.
    nonisolated(unsafe) private static let bytesType: UnsafeMutablePointer<ffi_type> = {
        let members = UnsafeMutablePointer<UnsafeMutablePointer<ffi_type>?>.allocate(capacity: 3)
        members[0] = cffi_pointer()
        members[1] = MemoryLayout<Int>.size == 8 ? cffi_uint64() : cffi_uint32()
        members[2] = nil
        let type = UnsafeMutablePointer<ffi_type>.allocate(capacity: 1)
        type.initialize(to: ffi_type(size: 0, alignment: 0, type: UInt16(FFI_TYPE_STRUCT), elements: members))
        let interface = UnsafeMutablePointer<ffi_cif>.allocate(capacity: 1)
        defer { interface.deallocate() }
        precondition(
            ffi_prep_cif(interface, FFI_DEFAULT_ABI, 0, type, nil) == FFI_OK
                && type.pointee.size == MemoryLayout<martlet_bytes>.size)
        return type
    }()
}
