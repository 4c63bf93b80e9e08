import Glibc
import PluginABI

/// Sessions in the host's memory (`session_size`).
extension SimulatedConnection {
    /// Memory for a session, all 0; nil: the plugin makes its sessions itself.
    func makeSession(_ layout: SessionLayout) -> UnsafeMutableRawPointer? {
        guard layout.size > 0 else { return nil }
        let made = Reservation(count: layout.size, alignment: layout.alignment)
        made.bytes.initializeMemory(as: UInt8.self, repeating: 0)
        place = made
        return made.bytes.baseAddress
    }

    /// After the last call of a session.
    func dropSession() {
        session = nil
        guard let place else { return }
        if !place.fenceIsIntact { violation("wrote behind its session") }
        place.free()
        self.place = nil
    }

    /// A session that is said to hold no pointers is looked at after each callback.
    func checkPlainSession() {
        guard let name = host.plugin.callbacks.layout.plainName, let place, !place.isReported,
            let found = Mappings.firstPointer(in: UnsafeRawBufferPointer(place.bytes))
        else { return }
        self.place?.isReported = true
        violation(
            "its session, which MARTLET_PLUGIN_PLAIN_SESSIONS says holds no pointers (\(name)), holds one at byte "
                + "\(found.offset), into \(found.mapping)")
    }
}

/// What this process has mapped: proc_pid_maps(5).
private enum Mappings {
    /// The first word that points into a mapping; nil: there is none.
    static func firstPointer(in bytes: UnsafeRawBufferPointer) -> (offset: Int, mapping: String)? {
        // Of user space, and not one of the small numbers that sessions are full of.
        let words = stride(from: 0, to: bytes.count - 7, by: 8).map { offset in
            (offset: offset, value: bytes.loadUnaligned(fromByteOffset: offset, as: UInt.self))
        }.filter { $0.value >= 1 << 16 && $0.value < 1 << 47 }
        guard !words.isEmpty, let file = fopen("/proc/self/maps", "r") else { return nil }
        defer { fclose(file) }
        var line: UnsafeMutablePointer<CChar>?
        var capacity = 0
        defer { free(line) }
        while getline(&line, &capacity, file) > 0 {
            guard let line else { break }
            let text = String(cString: line)
            let parts = text.split(separator: " ", omittingEmptySubsequences: true)
            let ends = (parts.first ?? "").split(separator: "-")
            guard ends.count == 2, let low = UInt(ends[0], radix: 16), let high = UInt(ends[1], radix: 16) else { continue }
            if let word = words.first(where: { (low..<high).contains($0.value) }) {
                let name = parts.count > 5 ? parts[5].split(separator: "\n").first : nil
                return (word.offset, name.map { $0.split(separator: "/").last.map(String.init) ?? "memory" } ?? "memory")
            }
        }
        return nil
    }
}
