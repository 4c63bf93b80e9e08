import Configuration

/// Reads the text as each kind of file. Every problem is a diagnostic, and every value is at the place that the tree reports.
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
