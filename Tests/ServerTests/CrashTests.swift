import FoundationEssentials
import Glibc
import Testing

@testable import Server

@Suite struct CrashHistoryTests {
    private let second: UInt64 = 1_000_000_000

    @Test func crashesCountWithinTheWindow() {
        var history = CrashHistory()
        let window = 60 * second
        func note(_ at: UInt64, _ listener: String = "a") -> Bool {
            history.note(listener, at: at * second, limit: 3, window: window)
        }
        #expect([note(0), note(59), note(61)] == [false, false, false], "the first no longer counts")
        #expect(!note(62, "b"), "another listener")
        #expect(note(62))
        #expect(!note(63), "the count has begun again")
    }

    @Test func withoutALimitNothingIsTooOften() {
        var history = CrashHistory()
        #expect((0..<1_000).allSatisfy { _ in !history.note("a", at: 1, limit: 0, window: second) })
    }

    @Test func onlyHostsThatEndSoonAreDelayed() {
        var delay = RestartDelay()
        #expect(delay.next(afterLiving: 0) == 0, "once is no pattern")
        #expect((0..<4).map { _ in delay.next(afterLiving: second / 2) } == [25, 50, 100, 200])
        #expect((0..<20).map { _ in delay.next(afterLiving: 0) }.last == 1_000)
        #expect(delay.next(afterLiving: 2 * second) == 0)
        #expect(delay.next(afterLiving: 0) == 0)
    }
}

@Suite struct CrashStoreTests {
    private let folder: String
    private let store: CrashStore

    init() throws {
        var template = Array("/tmp/martlet-test-XXXXXX".utf8CString)
        folder = String(cString: try #require(mkdtemp(&template)))
        store = CrashStore(state: folder)
    }

    private func remove() { try? FileManager.default.removeItem(atPath: folder) }

    private func report(_ cause: String) -> CrashReport {
        CrashReport(number: 0, time: "2026-01-01T00:00:00Z", cause: cause, thread: "loop-0", backtrace: [])
    }

    @Test func keepsTheLatestHundred() throws {
        defer { remove() }
        #expect(store.reports.isEmpty)
        for number in 1...103 { #expect(try store.add(report("\(number)")) == number) }
        #expect(store.reports.map(\.number) == Array(4...103))
        #expect(store.reports.map(\.cause) == (4...103).map { "\($0)" })
    }

    @Test func whatIsNoReportIsLeftOut() throws {
        defer { remove() }
        _ = try store.add(report("SIGSEGV"))
        for (name, text) in [("7.json", "{"), ("x.json", "{}"), ("8.txt", "")] {
            let file = try #require(fopen("\(folder)/crashes/\(name)", "w"))
            fputs(text, file)
            fclose(file)
        }
        #expect(store.reports.map(\.cause) == ["SIGSEGV"])
        #expect(try store.add(report("next")) == 8)
    }

    @Test func aFolderThatCannotBeWrittenIsAProblem() throws {
        defer { remove() }
        let file = try #require(fopen("\(folder)/crashes", "w"))
        fclose(file)
        #expect(throws: (any Error).self) { _ = try store.add(report("SIGSEGV")) }
    }
}
