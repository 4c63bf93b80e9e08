import CMartlet

/// A copy of a table that lives as long as the process.
package func permanent<Table>(_ table: Table) -> UnsafePointer<Table> {
    let memory = UnsafeMutablePointer<Table>.allocate(capacity: 1)
    memory.initialize(to: table)
    return UnsafePointer(memory)
}

/// A copy of a text that lives as long as the process, unless its owner deallocates it. A NUL follows.
package func permanentText(_ text: String) -> martlet_text {
    let bytes = text.utf8CString
    let memory = UnsafeMutableBufferPointer<CChar>.allocate(capacity: bytes.count)
    _ = memory.initialize(from: bytes)
    return martlet_text(data: UnsafePointer(memory.baseAddress), length: bytes.count - 1)
}
