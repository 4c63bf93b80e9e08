import Testing

/// `martlet_simulation.h` from the other side: `Tests/Fixtures/simulation.c` is a plugin and its tests in C, in one program.
@Suite(.enabled(if: hasProgram("cc"), "cc is not installed"))
struct SimulationTests {
    @Test(arguments: [
        "reports_each_broken_rule", "reports_errors_as_the_server_does", "keeps_the_time", "counts_bytes_exactly",
        "runs_work_in_order", "calls_workers_as_it_calls_loops", "keeps_what_a_moved_session_has_lent",
        "hands_over_to_another_listener", "counts_requests_in_closed", "returns_what_save_has_lent",
        "does_the_same_twice",
        "has_a_clock_for_each_thread",
    ])
    func itServesAProgramInC(_ test: String) throws {
        try inTemporaryFolder { folder in
            let library = "\(try buildFolder())/libmartlet_simulation.so"
            let (status, output) = try shell(
                "cc -std=c11 -Wall -Wextra -Werror -I'\(ABIHeader.folder)' '\(checkout)/Tests/Fixtures/simulation.c' "
                    + "-o '\(folder)/simulation' -ldl -lpthread && '\(folder)/simulation' '\(library)' \(test)")
            #expect(status == 0, "\(output)")
        }
    }

    @Test(.enabled(if: hasProgram("nm"), "nm is not installed"))
    func theLibraryExportsOneSymbol() throws {
        let (status, output) = try shell(
            "nm -D --defined-only --extern-only '\(try buildFolder())/libmartlet_simulation.so' | awk '{print $3}'")
        #expect(status == 0, "\(output)")
        #expect(output == "martlet_simulation_entry\n")
    }
}
