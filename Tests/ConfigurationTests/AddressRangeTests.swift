import Testing

@testable import Configuration

struct AddressRangeTests {
    @Test(arguments: [
        ("192.0.2.0/24", "192.0.2.0/24"), ("192.0.2.1", "192.0.2.1/32"), ("0.0.0.0/0", "0.0.0.0/0"),
        ("10.128.0.0/9", "10.128.0.0/9"), ("2001:DB8::/32", "2001:db8::/32"), ("::1", "::1/128"), ("::/0", "::/0"),
    ])
    func reads(text: String, expected: String) throws {
        #expect(try AddressRange(parsing: text).description == expected)
    }

    @Test(arguments: [
        ("", #"expected an address or a range such as "192.0.2.0/24", found """#),
        ("example.org", #"expected an address or a range such as "192.0.2.0/24", found "example.org""#),
        ("192.0.2/24", #"expected an address or a range such as "192.0.2.0/24", found "192.0.2/24""#),
        ("192.0.2.0/33", #"expected a prefix of 0 to 32 bits, found "192.0.2.0/33""#),
        ("192.0.2.0/", #"expected a prefix of 0 to 32 bits, found "192.0.2.0/""#),
        ("192.0.2.0/+8", #"expected a prefix of 0 to 32 bits, found "192.0.2.0/+8""#),
        ("::/129", #"expected a prefix of 0 to 128 bits, found "::/129""#),
        ("192.0.2.7/24", #"expected "192.0.2.0/24", without bits after the prefix, found "192.0.2.7/24""#),
        ("2001:db8::1/32", #"expected "2001:db8::/32", without bits after the prefix, found "2001:db8::1/32""#),
    ])
    func refuses(text: String, message: String) {
        #expect(throws: AddressRange.ParseError.self) { try AddressRange(parsing: text) }
        do { _ = try AddressRange(parsing: text) } catch { #expect(error.message == message) }
    }

    @Test func namesTheElementThatIsWrong() {
        let (_, problems) = readListener(
            ListenerFileTests.head + "[access]\ndeny = ['10.0.0.0/8', 'x']\nproxies = ['1.2.3.4/8']")
        #expect(
            problems == [
                #"http.toml:4:23: access.deny[1]: expected an address or a range such as "192.0.2.0/24", found "x""#,
                #"http.toml:5:12: access.proxies[0]: expected "1.0.0.0/8", without bits after the prefix, found "1.2.3.4/8""#,
            ])
    }
}
