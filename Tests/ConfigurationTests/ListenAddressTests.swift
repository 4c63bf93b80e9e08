import Addresses
import Testing

@testable import Configuration

struct ListenAddressTests {
    @Test(arguments: [
        ("127.0.0.1:8080", "127.0.0.1:8080"), ("0.0.0.0:0", "0.0.0.0:0"),
        ("255.255.255.255:65535", "255.255.255.255:65535"),
        ("[::1]:80", "[::1]:80"), ("[0:0:0:0:0:0:0:1]:80", "[::1]:80"), ("[2001:DB8::A]:443", "[2001:db8::a]:443"),
        ("[fe80::1%eth0]:80", "[fe80::1%eth0]:80"), ("[::]:8080", "*:8080"), ("*:8080", "*:8080"), ("*:0080", "*:80"),
        ("unix:/run/x.sock", "unix:/run/x.sock"), ("unix://run/./x.sock", "unix:/run/x.sock"),
        ("unix:@martlet", "unix:@martlet"), ("unix:@a:b", "unix:@a:b"),
        ("unix:/" + String(repeating: "a", count: 106), "unix:/" + String(repeating: "a", count: 106)),
    ])
    func readsEveryFormAndWritesOne(text: String, canonical: String) throws {
        #expect(try ListenAddress(parsing: text).description == canonical)
    }

    static let examples = #"such as "127.0.0.1:8080", "[::1]:8080" or "*:8080""#

    @Test(arguments: [
        ("", #"expected an address with a port, \#(examples), found """#),
        ("8080", #"expected an address with a port, \#(examples), found "8080""#),
        ("[::1]", #"expected an address with a port, \#(examples), found "[::1]""#),
        (":80", #"expected a numeric address, \#(examples), found ":80"; for every address write "*:80""#),
        (
            "localhost:80",
            #"expected a numeric address, \#(examples), found "localhost:80" (host names are not looked up)"#
        ),
        ("1.2.3:80", #"expected a numeric address, \#(examples), found "1.2.3:80" (host names are not looked up)"#),
        (
            "01.2.3.4:80",
            #"expected a numeric address, \#(examples), found "01.2.3.4:80" (host names are not looked up)"#
        ),
        ("1.2.3.4:65536", #"expected a port from 0 to 65535, found "65536" in "1.2.3.4:65536""#),
        ("1.2.3.4:-1", #"expected a port from 0 to 65535, found "-1" in "1.2.3.4:-1""#),
        ("1.2.3.4:", #"expected a port from 0 to 65535, found "" in "1.2.3.4:""#),
        ("*:http", #"expected a port from 0 to 65535, found "http" in "*:http""#),
        ("::1:80", #"expected brackets around an IPv6 address, "[::1]:80", found "::1:80""#),
        ("[1.2.3.4]:80", #"expected an IPv6 address in brackets, found "[1.2.3.4]:80""#),
        ("[]:80", #"expected an IPv6 address in brackets, found "[]:80""#),
        ("[::ffff:1.2.3.4]:80", #"expected the IPv4 form "1.2.3.4:80", found "[::ffff:1.2.3.4]:80""#),
        (
            "[fe80::1]:80",
            #"a link-local address needs its interface and no other address has one, as in "[fe80::1%eth0]:80", found "[fe80::1]:80""#
        ),
        (
            "[::1%lo]:80",
            #"a link-local address needs its interface and no other address has one, as in "[fe80::1%eth0]:80", found "[::1%lo]:80""#
        ),
        ("unix:run/x", #"expected unix:/path or unix:@name, found "unix:run/x""#),
        ("unix:", #"expected unix:/path or unix:@name, found "unix:""#),
        ("unix:@", #"expected a name after "unix:@", found nothing"#),
        ("unix:/", #"expected a name after "unix:/", found nothing"#),
        ("unix:/" + String(repeating: "a", count: 107), "expected a Unix socket of at most 107 bytes, found 108 bytes"),
        ("unix:@" + String(repeating: "é", count: 54), "expected a Unix socket of at most 107 bytes, found 108 bytes"),
        (
            "1.2.3.4\0:80",
            #"expected a numeric address, \#(examples), found "1.2.3.4\u{0}:80" (host names are not looked up)"#
        ),
    ])
    func reportsWhatIsWrong(text: String, message: String) {
        #expect(throws: ListenAddress.ParseError(message: message)) { try ListenAddress(parsing: text) }
    }

    @Test(arguments: [
        ("127.0.0.1:80", "127.0.0.1:80", true), ("127.0.0.1:80", "127.0.0.1:81", false),
        ("127.0.0.1:80", "127.0.0.2:80", false), ("127.0.0.1:80", "0.0.0.0:80", true),
        ("0.0.0.0:80", "0.0.0.0:80", true),
        ("127.0.0.1:0", "127.0.0.1:0", false), ("*:0", "*:0", false), ("*:80", "0.0.0.0:80", true),
        ("*:80", "[::1]:80", true), ("*:80", "[::]:80", true), ("*:80", "127.0.0.1:80", true),
        ("[::1]:80", "127.0.0.1:80", false), ("[::1]:80", "[::2]:80", false), ("[::1]:80", "[::1]:80", true),
        ("[fe80::1%a]:80", "[fe80::1%b]:80", false), ("unix:/a", "unix:/a", true), ("unix:/a", "unix:/b", false),
        ("unix:/a", "unix:@a", false), ("unix:@a", "unix:@a", true), ("unix:/a", "*:80", false),
    ])
    func overlapsAsBindDoes(left: String, right: String, expected: Bool) throws {
        let (left, right) = (try ListenAddress(parsing: left), try ListenAddress(parsing: right))
        #expect(left.overlaps(right) == expected)
        #expect(right.overlaps(left) == expected)
    }

    @Test func theIPv6WildcardIsIPv6OnlyBesideTheIPv4One() throws {
        let addresses = try ["[::]:80", "0.0.0.0:80", "*:81"].map { try ListenAddress(parsing: $0) }
        #expect(addresses.separatingFamilies().map(\.description) == ["[::]:80", "0.0.0.0:80", "*:81"])
        #expect(!addresses.separatingFamilies()[0].overlaps(addresses[1]))
    }
}
