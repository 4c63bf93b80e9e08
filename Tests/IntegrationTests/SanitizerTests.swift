import Glibc
import Testing

/// Under `make sanitize`: checks that a deliberate fault is detected, so that a run without reports means that there are no faults.
@Suite struct SanitizerTests {
    @Test(.enabled(if: Sanitizer.name == "address", "for a server that is built with AddressSanitizer"))
    func aDoubleFreeFailsTheProbe() throws {
        let library = try Fixture.library("frees-twice")
        let folder = try TemporaryFolder()
        // Write the report to another folder: a report in the common folder fails the run.
        let options = String(cString: getenv("ASAN_OPTIONS")).split(separator: ":").filter { !$0.hasPrefix("log_path") }
        let result = try Subprocess.run(
            "env",
            [
                "ASAN_OPTIONS=" + (options + ["log_path='\(folder.path)/report'"]).joined(separator: ":"),
                BuildFolder.martlet, "plugins", "check", library,
            ])
        #expect(result.status == 1)
        #expect(result.output.contains("exited with status 99"), "\(result)")
    }
}
