import Testing

@testable import Operations

@Suite struct SignatureTests {
    @Test(arguments: [
        ("i64(cstr,u32)", "i64(cstr, u32)"), ("void()", "void()"),
        (" bool ( bytes prefix ,f64 x ) ", "bool(bytes prefix, f64 x)"),
        ("u64(i32,i32,i32,i32,i32,i32,i32,i32)", "u64(i32, i32, i32, i32, i32, i32, i32, i32)"),
    ])
    func readsTheGrammar(text: String, normal: String) throws {
        let signature = try Signature(text)
        #expect(signature.description == normal)
        #expect(try Signature(normal) == signature)
    }

    @Test(arguments: [
        ("", "expected result(argument, ...)"), ("i64", "expected result(argument, ...)"),
        ("i64(", "expected result(argument, ...)"), ("i65()", "unknown type \"i65\""), ("(i64)", "unknown type \"\""),
        ("i64(void)", "void is allowed only as the result"), ("i64(,)", "expected a type"),
        ("i64(i64,)", "expected a type"),
        ("i64(i64 a b)", "expected a type"), ("i64(cstr na/me)", "is not a valid argument name"),
        ("i64(i64)(i64)", "unknown type"),
        ("u64(i32,i32,i32,i32,i32,i32,i32,i32,i32)", "expected at most 8 arguments, found 9"),
    ])
    func refusesInvalidSignatures(text: String, reason: String) {
        let problem = #expect(throws: Signature.Problem.self) { try Signature(text) }
        #expect(problem?.text.contains(reason) == true, "\(problem?.text ?? "")")
    }

    @Test func valuesAreCheckedAgainstTheirType() {
        #expect(OperationValue("-2147483648", as: .i32) == .integer(-2_147_483_648))
        #expect(OperationValue("2147483648", as: .i32) == nil)
        #expect(OperationValue("4294967295", as: .u32) == .unsigned(4_294_967_295))
        #expect(OperationValue("4294967296", as: .u32) == nil)
        #expect(OperationValue("9223372036854775808", as: .i64) == nil)
        #expect(OperationValue("18446744073709551615", as: .u64) == .unsigned(.max))
        #expect(OperationValue("-1", as: .u64) == nil)
        #expect(OperationValue("1e3", as: .f64) == .number(1_000))
        #expect(OperationValue("inf", as: .f64) == nil)
        #expect(OperationValue("yes", as: .bool) == nil)
        #expect(OperationValue("", as: .cstr) == .text(""))
        #expect(OperationValue("a\0b", as: .cstr) == nil, "C would see another text")
        #expect(OperationValue("hex:0aFf", as: .bytes) == .bytes([10, 255]))
        #expect(OperationValue("hex:0g", as: .bytes) == nil)
        #expect(OperationValue("plain", as: .bytes) == .bytes(Array("plain".utf8)))
        for type in ValueType.allCases where type != .cstr && type != .bytes {
            #expect(OperationValue("", as: type) == nil)
        }
    }

    @Test func bytesThatAreNotTextAreShownAsHexadecimal() {
        #expect(OperationValue.bytes(Array("text".utf8)).text == "text")
        #expect(OperationValue.bytes([0xff, 0]).text == "hex:ff00")
        #expect(
            OperationValue.bytes(Array("hex:1".utf8)).text == "hex:6865783a31",
            "as text it would be read as other bytes")
        #expect(OperationValue.bytes([27]).text == "hex:1b", "it must not reach a terminal")
    }

    @Test func addsValuesOfTheSameKind() {
        #expect(OperationValue.integer(2).adding(.integer(3)) == .integer(5))
        #expect(OperationValue.unsigned(.max).adding(.unsigned(1)) == nil)
        #expect(OperationValue.integer(.min).adding(.integer(-1)) == nil)
        #expect(OperationValue.number(0.5).adding(.number(1)) == .number(1.5))
        #expect(OperationValue.text("a").adding(.text("b")) == nil)
    }
}
