import CMartlet
import KeyValueStore
import MartletKit

/// The operations that an operator can call on the store.
extension Binary {
    static let operations = [
        Operation(
            "count", on: .worker, arguments: ["prefix"], help: "Keys that begin with a prefix",
            function: { env, prefix in
                Binary.operate(env) { binary, _ throws(OperationError) in try binary.count(prefix: bytes(prefix)) }
            } as @convention(c) (OperationEnv, martlet_bytes) -> Int64),
        Operation(
            "clear", on: .worker, arguments: ["prefix"], help: "Removes and counts the keys that begin with a prefix",
            function: { env, prefix in
                Binary.operate(env) { binary, _ throws(OperationError) in try binary.clear(prefix: bytes(prefix)) }
            } as @convention(c) (OperationEnv, martlet_bytes) -> Int64),
    ]

    private static func bytes(_ bytes: martlet_bytes) -> [UInt8] {
        Array(UnsafeBufferPointer(start: bytes.data, count: bytes.length))
    }
}
