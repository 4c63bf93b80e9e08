import HTTPWire
import TestInput
import Testing

@Suite struct RequestPathTests {
    private enum Outcome: Equatable {
        case path(String, isDirectory: Bool)
        case refused(Refusal)
    }

    private func resolve(_ path: String, capacity: Int = 256) -> Outcome {
        resolve(Array(path.utf8), capacity: capacity)
    }

    private func resolve(_ path: [UInt8], capacity: Int = 256) -> Outcome {
        let bytes = [UInt8(ascii: " ")] + path
        let range = BufferRange(start: 1, end: UInt32(bytes.count))
        var memory = Array(repeating: UInt8(0xAA), count: capacity)
        var span = memory.mutableSpan
        do {
            let result = try RequestPath(range, in: bytes.span.bytes, into: &span)
            #expect(memory[result.count] == 0)
            let text = String(decoding: memory[..<result.count], as: UTF8.self)
            return .path(text, isDirectory: result.namesDirectory)
        } catch {
            return .refused(error)
        }
    }

    @Test(arguments: [
        ("/a", "a"), ("/a/b.html", "a/b.html"), ("//a///b", "a/b"), ("/./a/./b", "a/b"), ("/a/../b", "b"),
        ("/a/b/../../c", "c"),
        ("/a/b/../c/./d", "a/c/d"), ("/a%20b", "a b"), ("/%61%62", "ab"), ("/caf%C3%A9", "caf\u{E9}"), ("/...", "..."),
        ("/..a", "..a"), ("/a..", "a.."), ("/.a", ".a"), ("/a.", "a."), ("/a+b", "a+b"), ("/a\\b", "a\\b"),
        ("/%5C..", "\\.."),
        ("/a;b", "a;b"), ("/%2e%2e%2e", "..."), ("/%2E/a", "a"), ("/a/%2e%2E/b", "b"), ("/%252e%252e/a", "%2e%2e/a"),
        ("/%252F", "%2F"), ("/%30000", "0000"), ("/~a", "~a"), ("/a:b", "a:b"),
        ("/..%5C..%5Cetc", "..\\..\\etc"), ("/.%20", ". "), ("/..;/a", "..;/a"), ("/%0a", "\n"),
    ])
    func namesAFile(path: String, expected: String) {
        #expect(resolve(path) == .path(expected, isDirectory: false))
    }

    @Test(arguments: [
        ("", ""), ("/", ""), ("//", ""), ("/.", ""), ("/./", ""), ("/a/", "a"), ("/a//", "a"), ("/a/.", "a"),
        ("/a/b/..", "a"),
        ("/a/..", ""), ("/a/../", ""), ("/a/%2e", "a"), ("/a/b/%2e%2e/", "a"),
    ])
    func namesADirectory(path: String, expected: String) {
        #expect(resolve(path) == .path(expected, isDirectory: true))
    }

    @Test(arguments: [
        "/..", "/../", "/../a", "/a/../..", "/a/../../b", "/./../a", "//../a", "/%2e%2e/a", "/.%2e/a", "/%2E./a",
        "/a/b/../../../c",
        "/../../../../etc/passwd", "/%2e%2e/%2e%2e/etc/passwd", "/a/./../../b", "/a//../../b",
    ])
    func refusesToClimbAboveTheRoot(path: String) {
        #expect(resolve(path) == .refused(.pathAboveRoot))
        #expect(Refusal.pathAboveRoot.status == .badRequest)
    }

    @Test(arguments: [
        ("/%", Refusal.invalidPercentEscape), ("/%2", .invalidPercentEscape), ("/%2/", .invalidPercentEscape),
        ("/%/2e", .invalidPercentEscape), ("/%zz", .invalidPercentEscape), ("/%2g", .invalidPercentEscape),
        ("/%+2", .invalidPercentEscape), ("/a%", .invalidPercentEscape), ("/%u002e", .invalidPercentEscape),
        ("/%%32%65", .invalidPercentEscape), ("/a%2Fb", .encodedSlash), ("/..%2f..%2fetc", .encodedSlash),
        ("/%2f", .encodedSlash),
        ("/%00", .nulInPath), ("/a%00.html", .nulInPath), ("/\u{0}", .nulInPath), ("*", .invalidTarget),
        ("a", .invalidTarget),
        ("../a", .invalidTarget),
    ])
    func refuses(path: String, refusal: Refusal) {
        #expect(resolve(path) == .refused(refusal))
        #expect(refusal.status == .badRequest)
    }

    /// Overlong UTF-8 for `/` and `.` is not decoded: the bytes stay part of a name.
    @Test func doesNotInterpretOverlongForms() {
        for overlong in ["%C0%AF", "%E0%80%AF", "%C0%AE%C0%AE", "%F0%80%80%AE"] {
            guard case .path(_, isDirectory: false) = resolve("/a/\(overlong)/b") else {
                Issue.record("\(overlong) was refused")
                continue
            }
        }
    }

    @Test func neverWritesBeyondTheMemory() {
        #expect(resolve("/abc", capacity: 4) == .path("abc", isDirectory: false))
        #expect(resolve("/abc", capacity: 3) == .refused(.pathTooLong))
        #expect(resolve("/ab/c", capacity: 4) == .refused(.pathTooLong))
        #expect(resolve("/", capacity: 0) == .refused(.pathTooLong))
        #expect(resolve("/", capacity: 1) == .path("", isDirectory: true))
        #expect(Refusal.pathTooLong.status == .uriTooLong)
    }

    @Test(arguments: [4, 20_260_104] as [UInt64])
    func neverNamesAnythingOutside(seed: UInt64) {
        var generator = SeededGenerator(seed: seed)
        let pieces = [
            "/", "/", ".", "..", "%2e", "%2E%2e", "a", "%2f", "%", "%00", "\\", "%5c", "//", "b%41", "%c0%ae", "\u{E9}",
        ]
        for round in 0..<3_000 {
            let path = "/" + (0..<generator.below(12)).map { _ in pieces[generator.below(pieces.count)] }.joined()
            guard case .path(let text, _) = resolve(path, capacity: 1 + generator.below(40)) else { continue }
            let segments = text.split(separator: "/", omittingEmptySubsequences: false)
            let comment: Comment = "seed \(seed), round \(round): \(path)"
            #expect(text.isEmpty || !segments.contains { $0.isEmpty || $0 == "." || $0 == ".." }, comment)
            #expect(!text.utf8.contains(0), comment)
        }
    }
}
