import Glibc
import TestInput
import Testing

@testable import Engine

@Suite struct AddressRangesTests {
    private func ranges(_ list: (String, Bool)...) -> AddressRanges<Bool> {
        var ranges = AddressRanges<Bool>()
        for (text, value) in list {
            let parts = text.split(separator: "/").map(String.init)
            ranges.add(bytes(parts[0]), length: Int(parts[1])!, value)
        }
        return ranges
    }

    private func bytes(_ text: String) -> [UInt8] {
        let isIPv6 = text.contains(":")
        var bytes = [UInt8](repeating: 0, count: isIPv6 ? 16 : 4)
        inet_pton(isIPv6 ? AF_INET6 : AF_INET, text, &bytes)
        return bytes
    }

    private func peer(_ text: String) -> PeerAddress {
        (text.contains(":") ? PeerAddress(ipv6: text, port: 1) : PeerAddress(ipv4: text, port: 1))!
    }

    @Test func anAddressOutsideAllRangesHasNoValue() {
        #expect(ranges().value(of: peer("10.0.0.1")) == nil)
        #expect(ranges(("10.0.0.0/8", true)).value(of: peer("11.0.0.1")) == nil)
        #expect(
            ranges(("0.0.0.0/0", true), ("::/0", true)).value(of: PeerAddress()) == nil, "a Unix peer has no address")
    }

    @Test(arguments: [
        ("10.1.2.3", false), ("10.1.3.3", true), ("10.2.0.1", false), ("10.1.2.4", true), ("192.168.0.1", false),
    ])
    func theLongestPrefixDecides(address: String, expected: Bool) {
        let ranges = ranges(
            ("10.1.2.4/32", true), ("0.0.0.0/0", false), ("10.1.2.0/24", false), ("10.1.0.0/16", true),
            ("10.0.0.0/8", false))
        #expect(ranges.value(of: peer(address)) == expected)
    }

    @Test func theFirstOfTwoEqualRangesDecides() {
        #expect(ranges(("10.0.0.0/8", false), ("10.0.0.0/8", true)).value(of: peer("10.0.0.1")) == false)
        #expect(ranges(("10.0.0.0/8", true), ("10.0.0.0/8", false)).value(of: peer("10.0.0.1")) == true)
        #expect(ranges(("::/0", false), ("10.0.0.0/8", true), ("::/0", true)).value(of: peer("::1")) == false)
    }

    @Test func aRangeOfAWholeFamilyCoversOnlyThatFamily() {
        #expect(ranges(("0.0.0.0/0", true)).value(of: peer("255.255.255.255")) == true)
        #expect(ranges(("0.0.0.0/0", true)).value(of: peer("::1")) == nil)
        #expect(ranges(("::/0", true)).value(of: peer("2001:db8::1")) == true)
        #expect(ranges(("::/0", true)).value(of: peer("10.0.0.1")) == nil)
    }

    @Test func anIPv4AddressInIPv6FormIsIPv4() {
        #expect(ranges(("10.0.0.0/8", true)).value(of: peer("::ffff:10.1.2.3")) == true)
        #expect(ranges(("::/0", true)).value(of: peer("::ffff:10.1.2.3")) == nil)
    }

    @Test func aSingleAddressMatchesOnlyItself() {
        let four = ranges(("127.0.0.5/32", true))
        #expect(four.value(of: peer("127.0.0.5")) == true)
        #expect(four.value(of: peer("127.0.0.4")) == nil)
        let six = ranges(("2001:db8::8000:0:0:1/128", true))
        #expect(six.value(of: peer("2001:db8::8000:0:0:1")) == true)
        #expect(six.value(of: peer("2001:db8::8000:0:0:0")) == nil)
        #expect(six.value(of: peer("2001:db8::0:0:0:1")) == nil)
    }

    /// Compared with a check bit by bit.
    @Test(arguments: 0...128)
    func everyIPv6PrefixCoversTheAddressesWithItsBits(length: Int) {
        var generator = SeededGenerator(seed: UInt64(length))
        let base = (0..<16).map { _ in UInt8.random(in: 1...255, using: &generator) }
        var ranges = AddressRanges<Bool>()
        ranges.add(base.enumerated().map { kept($0.element, at: $0.offset, length) }, length: length, true)
        for bit in 0..<128 {
            var other = base
            other[bit / 8] ^= 0x80 >> UInt8(bit % 8)
            #expect((ranges.value(of: address(other)) != nil) == (bit >= length))
        }
        #expect(ranges.value(of: address(base)) == true)
    }

    @Test(arguments: 0...32)
    func everyIPv4PrefixCoversTheAddressesWithItsBits(length: Int) {
        let base: [UInt8] = [0xA5, 0x5A, 0xC3, 0x3C]
        var ranges = AddressRanges<Bool>()
        ranges.add(base.enumerated().map { kept($0.element, at: $0.offset, length) }, length: length, true)
        for bit in 0..<32 {
            var other = base
            other[bit / 8] ^= 0x80 >> UInt8(bit % 8)
            #expect((ranges.value(of: address(other)) != nil) == (bit >= length))
        }
        #expect(ranges.value(of: address(base)) == true)
    }

    private func kept(_ byte: UInt8, at index: Int, _ length: Int) -> UInt8 {
        let bits = min(max(length - index * 8, 0), 8)
        return bits == 0 ? 0 : byte & (0xFF << UInt8(8 - bits))
    }

    private func address(_ bytes: [UInt8]) -> PeerAddress {
        (bytes + [0, 0]).withUnsafeBytes {
            bytes.count == 4
                ? PeerAddress(ipv4: $0, at: 0, portAt: 4) : PeerAddress(ipv6: $0, at: 0, portAt: 16)
        }
    }
}
