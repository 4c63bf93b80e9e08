import Configuration
import Glibc
import Testing

@testable import Instances
@testable import PluginHost

@Suite struct SigningKeyTests {
    private let folder = TrustFolder()

    private func readProblem(_ name: String) -> String {
        do throws(FileProblem) {
            _ = try SigningKey(file: folder.path(name))
            return "none"
        } catch {
            return error.description.replacing(folder.path + "/", with: "")
        }
    }

    @Test(arguments: ["", "build server", "a \"quoted\" \\ one"])
    func writesBothHalvesAndReadsThemBack(comment: String) throws {
        let key = try SigningKey(comment: comment)
        try key.write(to: folder.path("key"))
        #expect(folder.mode("key") == 0o600)
        #expect(folder.mode("key.pub") == 0o644)
        #expect(try TrustedKey(parsing: String(folder.text("key.pub").dropLast())) == key.publicKey)
        let read = try SigningKey(file: folder.path("key"))
        #expect(read.publicKey == key.publicKey)
        #expect(try read.text() == key.text())
    }

    @Test func overwritesNeitherHalf() throws {
        folder.write("key", "mine")
        #expect(throws: FileProblem.self) { try SigningKey(comment: "").write(to: folder.path("key")) }
        #expect(folder.text("key") == "mine")
        #expect(folder.names == ["key"])
        rename(folder.path("key"), folder.path("key.pub"))
        #expect(throws: FileProblem.self) { try SigningKey(comment: "").write(to: folder.path("key")) }
        #expect(folder.names == ["key.pub"])
        #expect(folder.text("key.pub") == "mine")
        symlink("elsewhere", folder.path("link"))
        #expect(throws: FileProblem.self) { try SigningKey(comment: "").write(to: folder.path("link")) }
        #expect(folder.names == ["key.pub", "link"])
    }

    @Test func aKeyThatOthersCanReadIsNotUsed() throws {
        try SigningKey(comment: "").write(to: folder.path("key"))
        for mode: mode_t in [0o640, 0o604, 0o620] {
            chmod(folder.path("key"), mode)
            #expect(readProblem("key").hasPrefix("key: users other than its owner can use it: chmod go= "), "\(mode)")
        }
    }

    @Test(arguments: [
        "", "martlet-private-key/1", "martlet-private-key/1\n", "martlet-private-key/1\nAAAA\n",
        "martlet-private-key/2\n\(TrustedKeyText.one)\n", "martlet-private-key/1\n\(TrustedKeyText.one)\nmore\n",
    ])
    func describesTheFormatOfAKey(text: String) {
        folder.write("key", text)
        chmod(folder.path("key"), 0o600)
        #expect(readProblem("key").hasPrefix("key: not a private key: expected \"martlet-private-key/1\""))
    }

    /// RFC 8032, section 7.1, test 1: the public half of a known private one.
    @Test func derivesThePublicKey() throws {
        folder.write("key", "martlet-private-key/1\nnWGxne/9WmC6hEr0kuwsxERJxWl7MmkZcDusAxyuf2A= test 1\n")
        chmod(folder.path("key"), 0o600)
        #expect(try SigningKey(file: folder.path("key")).publicKey.text == "\(TrustedKeyText.one) test 1")
    }

    @Test func signsOnlyFilesThatCouldBePlugins() throws {
        folder.write("a.so", "#!/bin/sh\n")
        let key = try SigningKey(comment: "")
        #expect(throws: FileProblem.self) { try key.sign(folder.path("a.so")) }
        #expect(throws: FileProblem.self) { try key.sign(folder.path("b.so")) }
        #expect(folder.names == ["a.so"])
    }
}
