import Configuration

/// The text as each kind of file. What is wrong is a diagnostic in it; the library that reads TOML aborts on some damage, which must
/// not get through to it.
func checkConfiguration(_ bytes: UnsafeRawBufferPointer) {
    guard let document = try? ConfigurationDocument(bytes: Array(bytes), file: "x.toml") else { return }
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
