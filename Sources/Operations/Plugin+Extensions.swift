import CMartlet

extension martlet_plugin {
    /// The struct of functions of one of the plugin's extensions; nil: it has none of this id.
    package func functions(of id: String) -> UnsafeRawPointer? {
        guard let first = extensions, extension_count > 0 else { return nil }
        let stride = Int(first.pointee.size)
        for index in 0..<extension_count {
            let entry = (UnsafeRawPointer(first) + index * stride).load(as: martlet_extension.self)
            let bytes = UnsafeRawBufferPointer(start: entry.id.data, count: entry.id.data == nil ? 0 : entry.id.length)
            if bytes.elementsEqual(id.utf8) { return entry.functions }
        }
        return nil
    }
}
