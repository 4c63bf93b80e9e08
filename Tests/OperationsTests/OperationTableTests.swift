import CMartlet
import Testing

@testable import Operations

/// The operations that a plugin offers: read, checked, found by name.
@Suite struct OperationTableTests {
    @Test func aPluginWithoutOperationsHasNone() throws {
        #expect(try OperationTable(of: martlet_plugin()).operations.isEmpty)
        #expect(try Offered().table().operations.isEmpty)
    }

    @Test func readsEachOperationInItsOrder() throws {
        let table = try Offered(
            operation("count", "i64(cstr prefix)"), operation("clear", "void()", place: MARTLET_ON_LOOPS),
            operation("save-all", "bool(cstr,u32 limit)", place: MARTLET_ON_WORKER)
        ).table()
        let read = table.operations.map(\.description)
        #expect(read.map(\.name) == ["count", "clear", "save-all"])
        #expect(read.map(\.place) == [.control, .loops, .worker])
        #expect(read.map(\.usage) == ["count(cstr prefix) -> i64", "clear()", "save-all(cstr, u32 limit) -> bool"])
        #expect(read.allSatisfy { $0.help == "Helps" })
        #expect(read.map(\.returnsNothing) == [false, true, false])
    }

    /// A later version of the header may have longer entries.
    @Test func readsLongerEntries() throws {
        let entries = UnsafeMutableRawPointer.allocate(byteCount: 2 * 256, alignment: 16)
        for (index, name) in ["first", "second"].enumerated() {
            var large = operation(name, "void()")
            large.size = 256
            (entries + index * 256).storeBytes(of: large, as: martlet_operation.self)
        }
        var functions = martlet_operations()
        functions.size = UInt32(MemoryLayout<martlet_operations>.size)
        functions.operations = UnsafePointer(entries.assumingMemoryBound(to: martlet_operation.self))
        functions.operation_count = 2
        var offered = martlet_extension()
        offered.size = UInt32(MemoryLayout<martlet_extension>.size)
        offered.id = text(MARTLET_OPERATIONS)
        offered.functions = UnsafeRawPointer(permanent([functions]))
        var plugin = martlet_plugin()
        plugin.extensions = permanent([offered])
        plugin.extension_count = 1
        #expect(try OperationTable(of: plugin).operations.map(\.description.name) == ["first", "second"])
    }

    // MARK: Refusals

    @Test func twoOperationsWithOneNameAreRefused() {
        #expect(
            Offered(operation("a", "void()"), operation("b", "void()"), operation("a", "i64()")).problem
                == "it has two operations named \"a\"")
    }

    @Test(arguments: [0, 4, 9] as [UInt32]) func anUnknownPlaceIsRefused(place: UInt32) {
        #expect(
            Offered(operation("a", "void()", place: place)).problem
                == "operation \"a\": its place is \(place), expected 1 to 3")
    }

    @Test func anInvalidFunctionIsRefused() {
        let message = "operation \"a\": its function is NULL or does not point to code"
        #expect(Offered(operation("a", "void()", nil)).problem == message)
        #expect(Offered(operation("a", "void()", UnsafeRawPointer(permanent([7])))).problem == message)
    }

    @Test(arguments: ["", "two words", "a/b", String(repeating: "x", count: 65)]) func anInvalidNameIsRefused(
        name: String
    ) {
        #expect(
            Offered(operation(name, "void()")).problem
                == "an operation has an invalid name: expected letters, digits, '-' and '_'")
    }

    @Test func anInvalidSignatureIsRefusedWithItsReason() {
        #expect(
            Offered(operation("a", "i65()")).problem?.hasPrefix(
                "operation \"a\" cannot be called: signature \"i65()\": unknown type \"i65\"") == true)
    }

    @Test func textsThatCannotBeReadAreRefused() {
        var broken = operation("a", "void()")
        broken.help = martlet_text(data: nil, length: 3)
        #expect(Offered(broken).problem == "operation \"a\": its signature or help cannot be read")
        broken = operation("a", "void()")
        broken.signature.length = 5_000
        #expect(Offered(broken).problem == "operation \"a\": its signature or help cannot be read")
    }

    @Test func aTableThatCannotBeReadIsRefused() {
        var offered = Offered(operation("a", "void()"))
        let least = MemoryLayout<martlet_operations>.size
        offered.size = least - 1
        #expect(
            offered.problem
                == "its \(MARTLET_OPERATIONS) states a size of \(least - 1) bytes, expected \(least) or more")
        offered.size = least
        #expect(offered.problem == nil, "release is optional")
        offered.count = 257
        #expect(offered.problem == "its operations are NULL or more than 256")
        offered = Offered()
        offered.count = 1
        #expect(offered.problem == "its operations are NULL or more than 256")
        var small = operation("a", "void()")
        small.size = 8
        #expect(
            Offered(small).problem
                == "an entry of its operations states a size of 8 bytes, expected "
                + "\(MemoryLayout<martlet_operation>.size) or more")
    }

    // MARK: Calls

    @Test func anUnknownNameIsReportedWithTheKnownOnes() throws {
        let table = try Offered(operation("a", "void()"), operation("b", "void()")).table()
        let problem = #expect(throws: Signature.Problem.self) { try table.prepare("c", []) }
        #expect(problem?.text == "no operation \"c\" (there are: a, b)")
    }

    @Test func argumentsAreCountedAndCheckedByName() throws {
        let table = try Offered(operation("set", "void(cstr route, u32)"), operation("one", "void(bool)")).table()
        #expect(try table.prepare("set", ["/", "7"]).arguments == [.text("/"), .unsigned(7)])
        func problem(_ name: String, _ arguments: [String]) -> String? {
            #expect(throws: Signature.Problem.self) { try table.prepare(name, arguments) }?.text
        }
        #expect(problem("set", []) == "expected 2 arguments, found 0: set(cstr route, u32)")
        #expect(problem("one", ["true", "x"]) == "expected 1 argument, found 2: one(bool)")
        #expect(
            problem("set", ["/", "-1"])
                == "argument 2: expected u32 (0 to 4294967295), found \"-1\": set(cstr route, u32)")
        #expect(
            problem("set", ["a\0b", "1"])
                == "argument 1 (route): expected cstr (text), found \"a\0b\": set(cstr route, u32)")
        let long = String(repeating: "x", count: 100)
        #expect(problem("one", [long])?.contains("found \"\(long.prefix(64))...\"") == true)
    }

    /// The smallest and the largest value of each type are accepted, the next ones are not.
    @Test(arguments: [
        (ValueType.i32, "-2147483648", "2147483647", "-2147483649", "2147483648"),
        (.u32, "0", "4294967295", "-1", "4294967296"),
        (.i64, "-9223372036854775808", "9223372036854775807", "-9223372036854775809", "9223372036854775808"),
        (.u64, "0", "18446744073709551615", "-1", "18446744073709551616"),
        (.f64, "-1.7976931348623157e308", "1.7976931348623157e308", "-1e309", "1e309"),
    ])
    func rangesMatchTheTypesOfC(type: ValueType, least: String, largest: String, below: String, above: String) {
        for text in [least, largest] { #expect(OperationValue(text, as: type) != nil, "\(text)") }
        for text in [below, above, "", "x", "1 ", "0x1g"] {
            #expect(OperationValue(text, as: type) == nil, "\(text)")
        }
    }
}
