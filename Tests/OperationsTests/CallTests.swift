import CMartlet
import Glibc
import Testing

@testable import Operations

/// Functions called through libffi: the arguments that C gets, and the results.
@Suite struct CallTests {
    private typealias Env = UnsafePointer<martlet_env>?

    /// Calls one operation, with a state.
    private func call(
        _ signature: String, _ function: UnsafeRawPointer, _ arguments: [OperationValue] = [],
        state: UnsafeMutableRawPointer? = nil, loop: UInt32 = 0,
        release: (@convention(c) (Env, UnsafeRawPointer?) -> Void)? = nil
    ) throws -> OperationValue {
        var offered = Offered(operation("called", signature, function))
        offered.release = release
        let operation = try offered.table().operations[0]
        var env = martlet_env()
        env.size = UInt32(MemoryLayout<martlet_env>.size)
        env.loop = loop
        env.state = state
        return withUnsafePointer(to: env) { operation.call($0, arguments) }
    }

    @Test func theEnvIsTheFirstArgument() throws {
        let function: @convention(c) (Env, Int64) -> Int64 = { env, value in
            Int64(Int(bitPattern: env!.pointee.state)) * 100 + Int64(env!.pointee.loop) * 10 + value
        }
        let result = try call(
            "i64(i64)", code(function), [.integer(2)], state: UnsafeMutableRawPointer(bitPattern: 4), loop: 3)
        #expect(result == .integer(432))
    }

    @Test func integersSurviveARoundTrip() throws {
        let small: @convention(c) (Env, Int32) -> Int32 = { _, value in value }
        for value in [Int32.min, -1, 0, 1, .max] {
            #expect(try call("i32(i32)", code(small), [.integer(Int64(value))]) == .integer(Int64(value)))
        }
        let unsigned: @convention(c) (Env, UInt32) -> UInt32 = { _, value in value }
        for value in [0, 1, 1 << 31, UInt32.max] {
            #expect(try call("u32(u32)", code(unsigned), [.unsigned(UInt64(value))]) == .unsigned(UInt64(value)))
        }
        let large: @convention(c) (Env, Int64) -> Int64 = { _, value in value }
        for value in [Int64.min, -1, .max] {
            #expect(try call("i64(i64)", code(large), [.integer(value)]) == .integer(value))
        }
        let largest: @convention(c) (Env, UInt64) -> UInt64 = { _, value in value }
        #expect(try call("u64(u64)", code(largest), [.unsigned(.max)]) == .unsigned(.max))
    }

    @Test func booleansAndNumbersArePassedCorrectly() throws {
        let not: @convention(c) (Env, Bool) -> Bool = { _, value in !value }
        #expect(try call("bool(bool)", code(not), [.boolean(true)]) == .boolean(false))
        #expect(try call("bool(bool)", code(not), [.boolean(false)]) == .boolean(true))
        let half: @convention(c) (Env, Double) -> Double = { _, value in value / 2 }
        #expect(try call("f64(f64)", code(half), [.number(-3)]) == .number(-1.5))
    }

    /// More arguments than fit into the registers of the calling convention.
    @Test func eightArgumentsOfAllKindsArrive() throws {
        let function:
            @convention(c) (
                Env, Int32, Double, UInt64, UnsafePointer<CChar>?, Bool, Double, martlet_bytes, Int64
            ) -> Double = { _, a, b, c, text, flag, d, bytes, e in
                let sum = Double(a) + b + Double(c) + Double(strlen(text!)) + (flag ? 1 : 0) + d
                return sum + Double(bytes.length) + Double(bytes.data![0]) + Double(e)
            }
        let result = try call(
            "f64(i32,f64,u64,cstr,bool,f64,bytes,i64)", code(function),
            [
                .integer(-1), .number(0.5), .unsigned(10), .text("four"), .boolean(true), .number(0.25),
                .bytes([100, 0, 0]), .integer(1_000),
            ])
        #expect(result == .number(-1 + 0.5 + 10 + 4 + 1 + 0.25 + 3 + 100 + 1_000))
    }

    @Test func textsAndBytesAreCopiedAndReleased() throws {
        let echo: @convention(c) (Env, UnsafePointer<CChar>?) -> UnsafePointer<CChar>? = { _, text in
            UnsafePointer(strdup(text!))
        }
        let returned = UnsafeMutablePointer<Int>.allocate(capacity: 1)
        returned.initialize(to: 0)
        defer { returned.deallocate() }
        let release: @convention(c) (Env, UnsafeRawPointer?) -> Void = { env, data in
            env!.pointee.state.assumingMemoryBound(to: Int.self).pointee += 1
            free(UnsafeMutableRawPointer(mutating: data))
        }
        let text = try call(
            "cstr(cstr)", code(echo), [.text("grün")], state: UnsafeMutableRawPointer(returned), release: release)
        #expect(text == .text("grün"))
        let double: @convention(c) (Env, martlet_bytes) -> martlet_bytes = { _, bytes in
            let copy = malloc(bytes.length * 2)!.assumingMemoryBound(to: UInt8.self)
            for index in 0..<bytes.length * 2 { copy[index] = bytes.data![index % bytes.length] }
            return martlet_bytes(data: copy, length: bytes.length * 2)
        }
        let bytes = try call(
            "bytes(bytes)", code(double), [.bytes([0, 255])], state: UnsafeMutableRawPointer(returned), release: release
        )
        #expect(bytes == .bytes([0, 255, 0, 255]))
        #expect(returned.pointee == 2)
    }

    @Test func aNullResultIsNotReleased() throws {
        let release: @convention(c) (Env, UnsafeRawPointer?) -> Void = { _, _ in abort() }
        let text: @convention(c) (Env) -> UnsafePointer<CChar>? = { _ in nil }
        #expect(try call("cstr()", code(text), release: release) == .nothing)
        let bytes: @convention(c) (Env) -> martlet_bytes = { _ in martlet_bytes(data: nil, length: 9) }
        #expect(try call("bytes()", code(bytes), release: release) == .nothing)
        let void: @convention(c) (Env) -> Void = { _ in }
        #expect(try call("void()", code(void), release: release) == .nothing)
    }

    @Test func emptyBytesHaveAnAddress() throws {
        let function: @convention(c) (Env, martlet_bytes) -> Bool = { _, bytes in
            bytes.data != nil && bytes.length == 0
        }
        #expect(try call("bool(bytes)", code(function), [.bytes([])]) == .boolean(true))
    }
}
