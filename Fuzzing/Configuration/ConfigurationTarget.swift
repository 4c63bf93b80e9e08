import Configuration

/// The text as each kind of file. What is wrong is a diagnostic in it, and every value stands where the tree says.
package func checkConfiguration(_ bytes: UnsafeRawBufferPointer) {
    let bytes = Array(bytes)
    guard let document = try? ConfigurationDocument(bytes: bytes, file: "x.toml", parser: .inProcess) else { return }
    PlaceCheck(bytes).check(document.root)
    let process = ProcessConfiguration.read(document, file: "x.toml", folder: "/")
    for diagnostic in process.diagnostics { precondition(!diagnostic.description.isEmpty) }
    do throws(ConfigurationError) {
        let listener = try ListenerConfiguration(
            name: "x", file: "x.toml", folder: "/", document: document, defaults: process.defaults)
        precondition(!listener.addresses.isEmpty, "a listener without an address")
    } catch {
        precondition(!error.diagnostics.isEmpty, "refused without a reason")
    }
}
