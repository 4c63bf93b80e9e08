import Glibc
import Testing

/// The plugins in the documentation can be built as it says, and are accepted.
@Suite struct DocumentationTests {
    @Test func thePluginOfTheReadmeIsAccepted() throws {
        try inTemporaryFolder { folder in
            try write(try block("swift Shout.swift", of: "README.md"), to: folder + "/Shout.swift")
            let build = try buildFolder()
            let (status, output) = try shell(
                "BUILD='\(build)' '\(checkout)/scripts/build-plugin' '\(folder)/shout.so' '\(folder)/Shout.swift'")
            #expect(status == 0, "\(output)")
            try check(folder + "/shout.so", contains: "accepted: shout 1.0.0")
        }
    }

    @Test func thePluginInCIsAccepted() throws {
        try inTemporaryFolder { folder in
            try write(try block("c mirror.c", of: "docs/writing-a-plugin.md"), to: folder + "/mirror.c")
            let (status, output) = try shell(
                "cc -std=c11 -Wall -Wextra -Werror -O2 -fPIC -shared -fvisibility=hidden "
                    + "-I '\(checkout)/SDK/Sources/CMartlet/include' -o '\(folder)/mirror.so' '\(folder)/mirror.c'")
            #expect(status == 0, "\(output)")
            try check(folder + "/mirror.so", contains: "accepted: mirror 1.0.0")
        }
    }

    @Test func theSamplesPassTheConfigurationCheck() throws {
        try inTemporaryFolder { folder in
            let build = try buildFolder()
            for (name, library) in [("http", "HTTP"), ("echo", "Echo"), ("binary", "Binary"), ("chat", "Chat")] {
                let (status, output) = try shell(
                    "cp '\(checkout)/plugins.d/\(name).toml' '\(folder)/' && "
                        + "cp '\(build)/lib\(library)Plugin.so' '\(folder)/\(name).so'")
                #expect(status == 0, "\(output)")
            }
            let (status, output) = try shell("'\(build)/martlet' config check '\(folder)'")
            #expect(status == 0, "\(output)")
        }
    }

    private func check(_ library: String, contains text: String) throws {
        let (status, output) = try shell("'\(try buildFolder())/martlet' plugins check '\(library)'")
        #expect(status == 0)
        #expect(output.contains(text), "\(output)")
    }

    /// The first code block of a language.
    private func block(_ language: String, of file: String) throws -> String {
        let (_, text) = try shell("cat '\(checkout)/\(file)'")
        let start = try #require(text.firstRange(of: "```\(language)\n"), "\(file) has no \(language) block")
        let rest = text[start.upperBound...]
        let end = try #require(rest.firstRange(of: "\n```"))
        return String(rest[..<end.lowerBound]) + "\n"
    }
}
