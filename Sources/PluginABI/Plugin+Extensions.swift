import CMartlet

extension martlet_plugin {
    /// The extensions that the plugin offers, in its order.
    package func readExtensions() throws(SizedStructProblem) -> [martlet_extension] {
        try martlet_extension.readArray(extensions, count: extension_count, "its extensions")
    }

    /// The struct of functions of one of the plugin's extensions; nil: it has none with this id.
    package func functions(of id: String) throws(SizedStructProblem) -> UnsafeRawPointer? {
        for entry in try readExtensions() {
            let bytes = UnsafeRawBufferPointer(start: entry.id.data, count: entry.id.data == nil ? 0 : entry.id.length)
            if bytes.elementsEqual(id.utf8) { return entry.functions }
        }
        return nil
    }
}
