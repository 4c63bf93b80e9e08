import Testing

@testable import LoadGenerator

@Suite struct TargetAddressTests {
    @Test(arguments: ["127.0.0.1:8080", "[::1]:1", "[fe80::1]:65535", "unix:/run/echo.sock"])
    func readsWhatItPrints(text: String) throws {
        #expect(try TargetAddress(text).description == text)
    }

    @Test(arguments: [
        "", "8080", "localhost:80", "127.0.0.1", "127.0.0.1:0", "127.0.0.1:65536", "::1:80", "[::1]", "[::1]80",
        "[127.0.0.1]:80", "unix:", "unix:/" + String(repeating: "a", count: 108),
    ])
    func refusesTextThatIsNotAnAddress(text: String) {
        #expect(throws: LoadError.self) { try TargetAddress(text) }
    }

    @Test func reportsWhatItExpected() {
        #expect {
            try TargetAddress("localhost:80")
        } throws: { error in
            "\(error)"
                == "address: expected 127.0.0.1:8080, [::1]:8080 or unix:/path, found \"localhost:80\""
        }
    }
}
