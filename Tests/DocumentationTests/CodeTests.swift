import Testing

/// The Swift code in the documents compiles, and the tests in the articles of MartletKit pass.
@Suite struct CodeTests {
    /// The documents whose blocks are checked. Add a document here as soon as its code compiles.
    static let documents =
        ["README.md", "docs/writing-a-plugin.md", "SDK/Sources/MartletClient/MartletClient.docc/MartletClient.md"]
        + articles

    static let articles = [
        "MartletKit", "YourFirstPlugin", "ThreadsAndLifetimes", "Backpressure", "SurvivingASwap",
        "StateGroupsAndTimers", "LabelsAndHistograms",
    ].map { "SDK/Sources/MartletKit/MartletKit.docc/\($0).md" }

    @Test(arguments: documents)
    func theCodeOfADocumentCompiles(_ path: String) throws {
        let document = try MarkdownDocument(text(of: path), path: path)
        #expect(!document.sources.isEmpty)
        try inTemporaryFolder { folder in
            let compiler = try Compiler()
            for (index, source) in document.sources.enumerated() {
                let file = "\(folder)/Source\(index).swift"
                try write(source, to: file)
                let problems = try compiler.check([file])
                #expect(problems == "")
            }
        }
    }

    @Test func theTestsInTheArticlesPass() throws {
        try inTemporaryFolder { folder in
            var files: [String] = []
            var tests = 0
            for path in Self.articles {
                for source in try MarkdownDocument(text(of: path), path: path).sources {
                    files.append("\(folder)/Source\(files.count).swift")
                    try write(source, to: files.last!)
                    tests += source.split(separator: "@Test", omittingEmptySubsequences: false).count - 1
                }
            }
            let (status, output) = try Compiler().runTests(files, in: folder)
            #expect(status == 0, "\(output)")
            #expect(tests > 0 && output.contains("Test run with \(tests) tests"), "\(output)")
        }
    }
}
