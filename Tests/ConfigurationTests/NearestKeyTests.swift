import Testing

@testable import Configuration

struct NearestKeyTests {
    let known = ["backlog", "no_delay", "keepalive", "keepalive_idle", "root", "io"]

    @Test(arguments: [
        ("backlog", "backlog"), ("bcklog", "backlog"), ("backlgo", "backlog"), ("Backlog", "backlog"),
        ("no-delay", "no_delay"), ("nodelay", "no_delay"), ("keepalive_idel", "keepalive_idle"), ("rot", "root"),
        ("oi", "io"),
    ])
    func findsTheKeyThatWasMeant(typed: String, meant: String) {
        #expect(nearest(typed, among: known) == meant)
    }

    @Test(arguments: ["", "x", "timeout", "backlogbacklog", String(repeating: "k", count: 1 << 20)])
    func findsNothingWhenNoneIsClose(typed: String) {
        #expect(nearest(typed, among: known) == nil)
    }

    @Test func prefersTheFirstOfTwoEquallyCloseKeys() {
        #expect(nearest("rat", among: ["rag", "ram"]) == "rag")
    }
}
