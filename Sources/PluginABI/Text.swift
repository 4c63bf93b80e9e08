import CMartlet

extension String {
    /// A text of the other side. Invalid UTF-8 is replaced by U+FFFD.
    package init(_ text: martlet_text) {
        self.init(
            decoding: UnsafeRawBufferPointer(start: text.data, count: text.data == nil ? 0 : text.length), as: UTF8.self
        )
    }
}

/// "1.0"
package func versionText(_ abi: martlet_abi) -> String { "\(abi >> 16).\(abi & 0xFFFF)" }
