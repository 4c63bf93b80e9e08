import FoundationEssentials
import Testing

/// Every public name of the modules for plugins has a comment.
@Suite struct PublicNameTests {
    @Test(arguments: ["MartletKit", "MartletKitDecoding", "MartletKitTesting", "MartletClient"])
    func everyPublicNameHasAComment(_ module: String) throws {
        try inTemporaryFolder { folder in
            let names = try publicNames(of: module, in: folder)
            #expect(names.count > 1)
            #expect(names.filter { $0.comment == nil }.map(\.description) == [])
        }
    }

    /// Makes sure that the check finds a missing comment.
    @Test func aNameWithoutACommentIsFound() throws {
        try inTemporaryFolder { folder in
            try write("/// Good.\npublic struct Good {\n    public var bad = 1\n}\n", to: folder + "/Sample.swift")
            let (status, output) = try shell(
                "swiftc -emit-module -module-name Sample '\(folder)/Sample.swift' -o '\(folder)/Sample.swiftmodule'")
            #expect(status == 0, "\(output)")
            let names = try publicNames(of: "Sample", in: folder, flags: "-I '\(folder)'")
            #expect(names.filter { $0.comment == nil }.map(\.description) == ["Sample.swift:3: Good.bad"])
            #expect(names.count == 2)
        }
    }

    /// Links, parameters and topics are valid.
    @Test(arguments: [
        ("MartletKit", ["MartletKit"], "SDK/Sources/MartletKit/MartletKit.docc"),
        ("MartletKitTesting", ["MartletKitTesting"], nil),
        ("MartletClient", ["MartletClient"], "SDK/Sources/MartletClient/MartletClient.docc"),
    ])
    func theDocumentationIsBuiltWithoutAWarning(_ name: String, _ modules: [String], _ catalogue: String?) throws {
        try inTemporaryFolder { folder in
            for module in modules {
                let (status, output) = try Compiler().extractSymbols(of: module, into: folder)
                #expect(status == 0, "\(output)")
            }
            let (converted, problems) = try shell(
                """
                docc convert \(catalogue.map { "'\(checkout)/\($0)'" } ?? "") --additional-symbol-graph-dir '\(folder)' \
                    --fallback-display-name \(name) --fallback-bundle-identifier martlet.\(name) \
                    --warnings-as-errors --output-path '\(folder)/\(name).doccarchive'
                """)
            #expect(converted == 0, "\(problems)")
        }
    }

    private func publicNames(of module: String, in folder: String, flags: String? = nil) throws -> [SymbolGraph.Symbol]
    {
        let (status, output) = try Compiler().extractSymbols(of: module, flags: flags, into: folder)
        #expect(status == 0, "\(output)")
        let (_, graphs) = try shell("cat '\(folder)'/\(module)*.symbols.json")
        // There is one graph for the module, and one for each module that it extends.
        return try graphs.replacing("}{", with: "}\n{").split(separator: "\n").flatMap { text in
            try JSONDecoder().decode(SymbolGraph.self, from: Data(text.utf8)).symbols
        }.filter { !$0.identifier.precise.contains("::SYNTHESIZED::") && $0.location != nil }
    }
}

/// The parts of the output of `swift-symbolgraph-extract` that the test needs.
private struct SymbolGraph: Decodable {
    struct Symbol: Decodable, CustomStringConvertible {
        struct Identifier: Decodable { let precise: String }
        struct Comment: Decodable {}
        struct Location: Decodable {
            struct Position: Decodable { let line: Int }
            let uri: String
            let position: Position
        }

        let identifier: Identifier
        let pathComponents: [String]
        let docComment: Comment?
        let location: Location?

        var comment: Comment? { docComment }

        var description: String {
            let file = location?.uri.split(separator: "/").last ?? ""
            return "\(file):\((location?.position.line ?? 0) + 1): \(pathComponents.joined(separator: "."))"
        }
    }

    let symbols: [Symbol]
}
