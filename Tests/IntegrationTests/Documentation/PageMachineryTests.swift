import Testing

/// Tests of the page checks themselves: a check that matches nothing would always pass.
@Suite struct PageMachineryTests {
    @Test(
        .enabled(if: ReadersMachine.isAvailable, "namespaces are not permitted here"),
        .disabled(if: Sanitizer.isOn, "disabled for the same reason as PageTests"))
    func failuresAreReported() throws {
        let page = try Page(
            "a.md",
            text: """
                ```sh
                martlet status
                martlet fly
                ```
                <!-- before: echo seen > file -->
                ```console
                $ cat file
                something else
                ```
                ```sh norun: it would end the test
                false
                ```
                """)
        #expect(page.blocks.map(\.line) == [1, 6, 10])
        let typed = try ReadersMachine().type(page.blocks)
        #expect(typed.map(\.status) == [64, 0])
        let output = try #require(typed.last?.outputs.first)
        #expect(output == "seen\n")
        #expect(PrintedOutput(page.blocks[1].commands[0].printed).difference(from: output) != nil)
    }

    @Test(arguments: [
        ("number 2: done in 147 ms", "number 13: done in 2.4 us"),
        ("NAME    CONNS", "NAME CONNS"),
        ("shout 1.0.0 (07286e38dcf0)", "shout 1.0.1 (ffedcbafffff)"),
        ("a\n…\nd", "a\nb\nc\nd"),
        ("…/echo.so: ok", "/tmp/x/echo.so: ok"),
        ("one, …, signed", "one, two, three, signed"),
    ])
    func numbersAndColumnWidthsMayDiffer(_ printed: String, _ actual: String) {
        let difference = PrintedOutput(printed.split(separator: "\n").map(String.init)).difference(from: actual + "\n")
        #expect(difference == nil)
    }

    @Test(arguments: [
        ("done in 147 ms", "refused after 147 ms"), ("a", "a\nb"), ("a\nb", "a"), ("a\n…\nd", "a\nb"),
        ("x/…/y", "x/z"), ("", "a"),
    ])
    func otherWordsAreADifference(_ printed: String, _ actual: String) {
        let difference = PrintedOutput(printed.split(separator: "\n").map(String.init)).difference(from: actual + "\n")
        #expect(difference != nil)
    }

    @Test func aBlockWithoutAnEndIsAnError() {
        #expect(throws: Failure.self) { try Page("a.md", text: "```sh\nls\n") }
    }
}
