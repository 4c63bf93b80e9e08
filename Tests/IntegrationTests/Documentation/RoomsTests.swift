import Testing

/// The diagram of the rooms (targets) in docs/architecture.md matches the packages: Martlet and its SDK.
@Suite struct RoomsTests {
    @Test func theDiagramMatchesThePackage() throws {
        let page = try Page("docs/architecture.md")
        let picture = try #require(page.blocks.first { $0.language == "mermaid" && $0.text.contains("flowchart") })
        let rooms = try Self.rooms()
        #expect(rooms.count > 15)
        #expect(picture.text == Self.picture(rooms), "expected, from the packages:\n\(Self.picture(rooms))")
    }

    @Test func theTableNamesEveryRoom() throws {
        let page = try Page("docs/architecture.md")
        let named = Set(page.inlineCode)
        for room in try Self.rooms().keys where !room.hasSuffix("Plugin") {
            #expect(named.contains(room), "docs/architecture.md does not mention \(room)")
        }
    }

    @Test func roomsWithStrictMemorySafetyAreNamed() throws {
        let text = try Files.text(BuildFolder.package + "/docs/architecture.md")
        let end = try #require(text.firstRange(of: " turn on strict memory safety")).lowerBound
        let sentence = text[..<end].split(separator: "\n\n").last ?? ""
        let named = sentence.split(separator: "`", omittingEmptySubsequences: false).enumerated()
            .filter { $0.offset % 2 == 1 }.map { String($0.element) }
        let safe = try Self.declarations().filter {
            $0.value.contains("swiftSettings:safe") || $0.value.contains(".strictMemorySafety()")
        }.keys
        #expect(Set(named) == Set(safe))
    }

    /// Each target that is not a test, with the targets that it imports.
    private static func rooms() throws -> [String: Set<String>] { try declarations().mapValues(imports) }

    /// Each target that is not a test, as its package declares it, without whitespace.
    private static func declarations() throws -> [String: Substring] {
        let sdk = try declarations("SDK/Package.swift")
        return try declarations("Package.swift", using: sdk.keys).merging(sdk) { $1 }
    }

    /// - Parameter modules: those of another package. A constant of the manifest stands for each: `martletKit` for `MartletKit`,
    ///   `tlsClient` for `TLSClient`.
    private static func declarations(
        _ file: String, using modules: some Collection<String> = EmptyCollection()
    ) throws -> [String: Substring] {
        let manifest = try Files.text("\(BuildFolder.package)/\(file)")
        let lines = manifest.split(separator: "\n").filter { !$0.drop { $0 == " " }.hasPrefix("//") }
        var code = lines.joined().filter { !$0.isWhitespace }
        for module in modules {
            let capitals = module.prefix { $0.isUppercase }.count
            let first = capitals > 2 ? capitals - 1 : 1
            let constant = module.prefix(first).lowercased() + module.dropFirst(first)
            for end in [",", "]"] { code = code.replacing("\(constant)\(end)", with: "\"\(module)\"\(end)") }
        }
        let start = try #require(code.firstRange(of: "targets:[.target"))
        var rooms: [String: Substring] = [:]
        let heads =
            ["target", "executableTarget", "systemLibrary", "testTarget"].map { ".\($0)(name:\"" } + ["plugin(\""]
        var rest = code[start.lowerBound...]
        while let (head, at) = heads.compactMap({ head in rest.firstRange(of: head).map { (head, $0) } })
            .min(by: { $0.1.lowerBound < $1.1.lowerBound })
        {
            rest = rest[at.upperBound...]
            let end = heads.compactMap { rest.firstRange(of: $0)?.lowerBound }.min() ?? rest.endIndex
            let declaration = rest[..<end]
            let name = String(declaration.prefix { $0 != "\"" })
            if head != ".testTarget(name:\"" { rooms[name] = declaration }
        }
        // The fuzzers' targets belong to the tests.
        rooms["FuzzTargets"] = nil
        rooms["ConfigurationFuzzing"] = nil
        return rooms
    }

    private static func imports(_ declaration: Substring) -> Set<String> {
        guard let start = declaration.firstRange(of: "dependencies:[")?.upperBound else { return [] }
        let list = declaration[start...].prefix { $0 != "]" }
        // Products of other packages are declared in parentheses: skip those.
        var depth = 0
        let own = list.filter { character in
            if character == "(" { depth += 1 }
            defer { if character == ")" { depth -= 1 } }
            return depth == 0
        }
        return Set(own.split(separator: ",").filter { $0.hasPrefix("\"") }.map { String($0.filter { $0 != "\"" }) })
    }

    /// The flowchart, without the arrows that follow from others.
    private static func picture(_ rooms: [String: Set<String>]) -> String {
        func reached(from room: String) -> Set<String> {
            (rooms[room] ?? []).reduce(into: []) { $0.formUnion(reached(from: $1).union([$1])) }
        }
        let arrows = rooms.keys.sorted().flatMap { room in
            let imports = rooms[room] ?? []
            return imports.filter { target in !imports.contains { reached(from: $0).contains(target) } }
                .sorted().map { "    \(room) --> \($0)\n" }
        }
        return "flowchart TD\n" + arrows.joined()
    }
}
