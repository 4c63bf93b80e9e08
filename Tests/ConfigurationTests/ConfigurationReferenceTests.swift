import Glibc
import Testing

@testable import Configuration

struct ConfigurationReferenceTests {
    @Test func namesEveryKeyOnce() {
        let names = ConfigurationReference.entries.map { "\($0.file.rawValue) \($0.table) \($0.key)" }
        #expect(names.count == 132)
        #expect(Set(names).count == names.count)
    }

    @Test func everyKeyHasHelpAndADefaultOrIsRequired() {
        for entry in ConfigurationReference.entries {
            #expect(!entry.help.isEmpty, "\(entry)")
            let mayBeAbsent = [" options", "listen name"].contains("\(entry.table) \(entry.key)")
            #expect(entry.required || entry.default != nil || mayBeAbsent, "\(entry)")
            #expect(!"\(entry)".contains("|"), "a bar would end the cell of the table")
            if ["integer", "size", "duration"].contains(entry.type) { #expect(!entry.range.isEmpty, "\(entry)") }
        }
    }

    @Test func theSchemasAreValid() {
        #expect(ListenerConfiguration.schema.defects(parser: .inProcess) == [])
        #expect(ProcessConfiguration.schema.defects(parser: .inProcess) == [])
    }

    /// Writes every default of the reference into a file: reading it must change nothing.
    @Test func theDefaultsAreTheOnesOfTheReference() throws {
        let process = ConfigurationReference.entries.filter { $0.file == .process }
        let listener = ConfigurationReference.entries.filter { $0.file == .listener }
        let (read, _, problems) = try readProcess(text(process))
        #expect(problems == [])
        #expect(read == .builtIn)
        let head = ListenerFileTests.head
        #expect(readListener(head + text(listener)).listener == readListener(head).listener)
    }

    private func text(_ entries: [ConfigurationReference.Entry]) -> String {
        entries.compactMap { entry in
            entry.default.map { (entry.table.isEmpty ? "" : entry.table + ".") + "\(entry.key) = \($0)\n" }
        }.joined()
    }

    @Test func thePageContainsExactlyThisTable() throws {
        let root = #filePath.split(separator: "/").dropLast(3).joined(separator: "/")
        let path = "/\(root)/docs/operating.md"
        let page = String(decoding: try SourceFile.read(path), as: UTF8.self)
        let begin = "<!-- configuration reference: begin, written by ConfigurationReference.markdown() -->\n"
        let end = "<!-- configuration reference: end -->"
        let start = try #require(page.firstRange(of: begin)?.upperBound)
        let stop = try #require(page.firstRange(of: end)?.lowerBound)
        if getenv("MARTLET_WRITE_DOCS") != nil {
            let new = Array((page[..<start] + ConfigurationReference.markdown() + page[stop...]).utf8)
            let file = open(path, O_WRONLY | O_TRUNC)
            defer { close(file) }
            #expect(write(file, new, new.count) == new.count)
            return
        }
        #expect(
            page[start..<stop] == ConfigurationReference.markdown(),
            "write it again: MARTLET_WRITE_DOCS=1 swift test --filter ConfigurationReferenceTests")
    }
}
