import Testing

/// Everything that the documentation mentions exists: linked files, Makefile targets, commands of `martlet`.
@Suite struct MentionTests {
    @Test func everyLinkLeadsToAFile() throws {
        for page in try Page.all() {
            let folder = page.path.split(separator: "/").dropLast().joined(separator: "/")
            for link in page.links where !link.contains("://") && !link.hasPrefix("#") {
                let file = link.prefix { $0 != "#" }
                #expect(Files.exists("\(BuildFolder.package)/\(folder)/\(file)"), "\(page.path): \(link)")
            }
        }
    }

    @Test func everyMakeTargetExists() throws {
        let makefile = try Files.text(BuildFolder.package + "/Makefile")
        let targets = Set(makefile.split(separator: "\n").filter { $0.contains(":") }.map { $0.prefix { $0 != ":" } })
        let mentioned = try words(after: "make")
        #expect(mentioned.count > 5)
        // A plugin made by `martlet new` has its own Makefile, with these two targets.
        for (page, target) in mentioned where !["check", "install"].contains(target) {
            #expect(targets.contains(target[...]), "\(page): make \(target)")
        }
    }

    @Test func everyCommandExists() throws {
        let help = try Subprocess.run(BuildFolder.martlet, ["--help"]).output
        let start = try #require(help.firstRange(of: "SUBCOMMANDS:\n"))
        let commands = Set(
            help[start.upperBound...].split(separator: "\n").compactMap { $0.split(separator: " ").first }.map(
                String.init))
        let mentioned = try words(after: "martlet") + words(after: ".build/release/martlet")
        #expect(mentioned.count > 20)
        for (page, command) in mentioned
        where !command.hasPrefix("--") && !["probe-image", "parse-files", "host"].contains(command) {
            #expect(commands.contains(command), "\(page): martlet \(command)")
        }
    }

    /// The words that follow a program's name at the start of inline code or of a line in a block.
    private func words(after program: String) throws -> [(page: String, word: String)] {
        try Page.all().flatMap { page -> [(page: String, word: String)] in
            let shells = page.blocks.filter { ["sh", "console"].contains($0.language) }
            let lines = page.inlineCode + shells.flatMap { $0.text.split(separator: "\n").map(String.init) }
            return lines.compactMap { line -> (page: String, word: String)? in
                let words = line.split(separator: " ").drop { $0 == "$" }
                guard words.count > 1, words.first! == program else { return nil }
                let word = words[words.startIndex + 1].prefix { $0.isLetter || "-_".contains($0) }
                return word.isEmpty ? nil : (page.path, String(word))
            }
        }
    }
}
