import Glibc
import Testing

@testable import Configuration

struct ConfigurationReferenceTests {
    @Test func namesEveryKeyOnce() {
        let names = ConfigurationReference.entries.map { "\($0.file.rawValue) \($0.table) \($0.key)" }
        #expect(names.count == 171)
        #expect(Set(names).count == names.count)
    }

    @Test func everyKeyHasHelpAndADefaultOrIsRequired() {
        for entry in ConfigurationReference.entries {
            #expect(!entry.help.isEmpty, "\(entry)")
            let mayBeAbsent = [" options", " tls", "listen name"].contains("\(entry.table) \(entry.key)")
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
        // A database has no default place.
        let process = ConfigurationReference.entries.filter { $0.file == .process && !$0.table.hasPrefix("databases") }
        let all = ConfigurationReference.entries.filter { $0.file == .listener }
        let listener = all.filter { !$0.table.hasPrefix("tls") }
        let (read, _, problems) = try readProcess(text(process))
        #expect(problems == [])
        #expect(read == .builtIn)
        let head = ListenerFileTests.head
        #expect(readListener(head + text(listener)).listener == readListener(head).listener)
        // A table without a certificate is an error.
        let tls = head + "tls.certificate = 'a.pem'\ntls.key = 'a.key'\n"
        let others = all.filter { $0.table == "tls" && !["certificate", "key"].contains($0.key) }
        let whole = try #require(readListener(tls + text(others)).listener)
        #expect(whole == readListener(tls).listener && whole.tls?.minimumVersion == "1.2")
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
