import PluginABI
import Testing

@testable import Engine

@Suite struct EndpointNameTests {
    @Test(arguments: ["", "public", "unix:/run/é"])
    func keepsItsText(of name: String) {
        let interned = EndpointName.interned(name)
        #expect(String(interned.pointee) == name)
        #expect(interned.pointee.data[interned.pointee.length] == 0)
        #expect(EndpointName.interned(name) == interned)
    }

    @Test func textsWithDifferentBytesAreDifferentNames() {
        let names = ["a", "b", "unix:/\u{e9}", "unix:/e\u{301}"].map(EndpointName.interned)
        #expect(Set(names).count == 4)
    }
}
