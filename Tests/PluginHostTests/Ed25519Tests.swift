import Testing

@testable import Instances
@testable import PluginHost

@Suite struct Ed25519Tests {
    struct Vector: Sendable {
        var name: String
        var seed: String
        var publicKey: String
        var message: String
        var signature: String
    }

    /// RFC 8032, section 7.1.
    static let vectors = [
        Vector(
            name: "1",
            seed: "9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60",
            publicKey: "d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a",
            message: "",
            signature: "e5564300c360ac729086e2cc806e828a84877f1eb8e5d974d873e06522490155"
                + "5fb8821590a33bacc61e39701cf9b46bd25bf5f0595bbe24655141438e7a100b"),
        Vector(
            name: "2",
            seed: "4ccd089b28ff96da9db6c346ec114e0f5b8a319f35aba624da8cf6ed4fb8a6fb",
            publicKey: "3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c",
            message: "72",
            signature: "92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da"
                + "085ac1e43e15996e458f3613d0f11d8c387b2eaeb4302aeeb00d291612bb0c00"),
        Vector(
            name: "3",
            seed: "c5aa8df43f9f837bedb7442f31dcb7b166d38535076f094b85ce3a2e0b4458f7",
            publicKey: "fc51cd8e6218a1a38da47ed00230f0580816ed13ba3303ac5deb911548908025",
            message: "af82",
            signature: "6291d657deec24024827e69c3abe01a30ce548a284743a445e3680d7db5ac3ac"
                + "18ff9b538d16f290ae67f760984dc6594a7c15e9716ed28dc027beceea1ec40a"),
        Vector(
            name: "SHA(abc)",
            seed: "833fe62409237b9d62ec77587520911e9a759cec1d19755b7da901b96dca3d42",
            publicKey: "ec172b93ad5e563bf4932c70e1245034c35467ef2efd4d64ebf819683467e2bf",
            message: "ddaf35a193617abacc417349ae20413112e6fa4e89a97ea20a9eeee64b55d39a"
                + "2192992a274fc1a836ba3c23a3feebbd454d4423643ce80e2a9ac94fa54ca49f",
            signature: "dc2a4459e7369633a52b1bf277839a00201009a3efbf3ecb69bea2186c26b589"
                + "09351fc9ac90b3ecfdfbc7c66431e0303dca179c138ac17ad9bef1177331a704"),
    ]

    @Test(arguments: vectors)
    func signsAndVerifiesTheVectorsOfTheRFC(vector: Vector) throws {
        let key = try Ed25519.PrivateKey(seed: bytes(vector.seed))
        let (message, signature) = (bytes(vector.message), bytes(vector.signature))
        #expect(key.publicKey == bytes(vector.publicKey))
        #expect(try key.seed() == bytes(vector.seed))
        #expect(try key.signature(of: message) == signature)
        #expect(try Ed25519.isSignature(signature, of: message, by: key.publicKey))
        #expect(try !Ed25519.isSignature(signature, of: message + [0], by: key.publicKey))
    }

    @Test func keysAreNewAndSign() throws {
        let keys = try (0..<3).map { _ in try Ed25519.PrivateKey() }
        #expect(Set(try keys.map { try $0.seed() }).count == 3)
        for key in keys {
            let signature = try key.signature(of: [1, 2, 3])
            let verifiers = try keys.filter { try Ed25519.isSignature(signature, of: [1, 2, 3], by: $0.publicKey) }
            #expect(verifiers.map(\.publicKey) == [key.publicKey])
        }
    }

    @Test func noAlteredSignatureVerifies() throws {
        let vector = Self.vectors[2]
        let (key, message) = (bytes(vector.publicKey), bytes(vector.message))
        for index in 0..<Ed25519.signatureSize {
            var signature = bytes(vector.signature)
            signature[index] ^= 1
            #expect(try !Ed25519.isSignature(signature, of: message, by: key), "byte \(index)")
        }
    }

    /// S plus the order of the group would verify too, if it were not compared with the order (RFC 8032, section 5.1.7).
    @Test func aSignatureHasNoSecondForm() throws {
        let vector = Self.vectors[1]
        var signature = bytes(vector.signature)
        let order = bytes("edd3f55c1a631258d69cf7a2def9de1400000000000000000000000000000010")
        var carry = 0
        for index in 0..<32 {
            let sum = Int(signature[32 + index]) + Int(order[index]) + carry
            signature[32 + index] = UInt8(sum & 0xFF)
            carry = sum >> 8
        }
        #expect(try !Ed25519.isSignature(signature, of: bytes(vector.message), by: bytes(vector.publicKey)))
    }

    @Test func invalidKeysAndSignaturesDoNotVerify() throws {
        let key = try Ed25519.PrivateKey()
        let signature = try key.signature(of: [])
        // No point has y = 2.
        let noPoint = [2] + [UInt8](repeating: 0, count: 31)
        for publicKey in [[], Array(key.publicKey.dropLast()), key.publicKey + [0], noPoint] {
            #expect(try !Ed25519.isSignature(signature, of: [], by: publicKey), "\(publicKey)")
        }
        for signature in [[], Array(signature.dropLast()), signature + [0]] {
            #expect(try !Ed25519.isSignature(signature, of: [], by: key.publicKey), "\(signature.count) bytes")
        }
    }

    /// The second failure has no reasons of the first one, or of a signature that was refused before.
    @Test func aFailureHasTheReasonsOfOpenSSLOnce() throws {
        let ones = [UInt8](repeating: 0xFF, count: 64)
        #expect(try !Ed25519.isSignature(ones, of: [], by: [UInt8](repeating: 0, count: 32)))
        for _ in 0..<2 {
            let failure = #expect(throws: CryptoFailure.self) { try Ed25519.PrivateKey(seed: [1, 2, 3]) }
            #expect(failure?.call == "EVP_PKEY_new_raw_private_key_ex")
            #expect(failure?.reasons.count == 1, "\(failure?.description ?? "")")
            #expect(failure?.description.hasPrefix("libcrypto: EVP_PKEY_new_raw_private_key_ex: ") == true)
        }
    }

    @Test func aFailureWithoutAReasonSaysSo() {
        #expect(CryptoFailure.last("EVP_X").description == "libcrypto: EVP_X: failed without a reason")
    }
}

/// Pairs of hexadecimal digits.
private func bytes(_ digits: String) -> [UInt8] {
    let digits = digits.compactMap(\.hexDigitValue)
    return stride(from: 0, to: digits.count - 1, by: 2).map { UInt8(digits[$0] << 4 | digits[$0 + 1]) }
}
