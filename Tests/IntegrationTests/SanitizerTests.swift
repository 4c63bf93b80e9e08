import Glibc
import Testing

/// Under `make sanitize`: a fault that is made on purpose is seen, so that silence means something.
@Suite struct SanitizerTests {
    @Test(.enabled(if: Sanitizer.name == "address", "for a server that is built with AddressSanitizer"))
    func aDoubleFreeEndsTheProbe() throws {
        let library = try Fixture.library("frees-twice")
        let folder = try TemporaryFolder()
        // The report goes elsewhere: one in the folder of all reports fails the run.
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
