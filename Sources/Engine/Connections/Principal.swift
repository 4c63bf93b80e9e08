import CMartlet

/// Who a peer is.
final class Principal {
    let name: String

    init(_ name: String) { self.name = name }
}

extension ConnectionPointer {
    /// `martlet_users.set_principal`
    package func setPrincipal(_ name: martlet_text) -> Int32 {
        let isRestoring = links.pointee.context.pointee.running.pointee.observation?.kind == .restore
        guard isRestoring || takesCalls("set_principal") else { return MARTLET_ERROR_CLOSED }
        guard let name = Self.principal(name) else { return MARTLET_ERROR_ARGUMENT }
        setPrincipal(name)
        return MARTLET_OK
    }

    /// In a callback of the connection.
    package func setPrincipal(_ name: String) {
        forgetPrincipal()
        if !name.isEmpty { links.pointee.principal = .passRetained(Principal(name)) }
    }

    func forgetPrincipal() {
        links.pointee.principal?.release()
        links.pointee.principal = nil
    }

    /// nil: it is too long, no text, or has control characters.
    private static func principal(_ text: martlet_text) -> String? {
        guard text.length <= MARTLET_PRINCIPAL_LIMIT else { return nil }
        let bytes = UnsafeRawBufferPointer(start: text.data, count: text.data == nil ? 0 : text.length)
        guard let name = String(validating: bytes, as: UTF8.self),
            !name.unicodeScalars.contains(where: { $0.value < 0x20 || (0x7F...0x9F).contains($0.value) })
        else { return nil }
        return name
    }
}
