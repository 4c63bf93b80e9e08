import Testing

@testable import Instances
@testable import PluginHost

@Suite struct ProbeMessageTests {
    @Test(arguments: [
        ProbeMessage.step("in received, with line text"), .accepted("{\"name\":\"echo\"}"), .refused("not a plugin"),
        .notCreated(CreationFailure([OptionRefusal(path: "routes[1].root", message: "no such\nfolder")])),
    ])
    func survivesARoundTrip(_ message: ProbeMessage) {
        #expect(!message.line.contains("\n"))
        #expect(ProbeMessage(line: message.line) == message)
    }

    @Test func keepsAReasonOnOneLine() {
        #expect(ProbeMessage.refused("one\ntwo").line == "refused one two")
    }

    @Test(arguments: ["", "step", "accepted", "not-created nonsense", "hello world"])
    func ignoresOtherLines(_ line: String) {
        #expect(ProbeMessage(line: line) == nil)
    }
}
