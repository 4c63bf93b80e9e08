import Glibc

/// What this process has mapped: proc_pid_maps(5).
struct Mappings {
    private struct Mapping {
        let addresses: Range<UInt>
        /// A path, or what the kernel calls it, such as `[heap]`; may be empty.
        let name: Substring
    }

    private let all: [Mapping]

    /// The first word that points into a mapping; nil: there is none.
    ///
    /// - Parameter image: anything in the image of the plugin, whose file has a name that nobody knows.
    static func firstPointer(
        in bytes: UnsafeRawBufferPointer, of image: UnsafeRawPointer
    ) -> (offset: Int, mapping: String)? {
        // Of user space, and not one of the small numbers that sessions are full of.
        let words = stride(from: 0, to: bytes.count - 7, by: 8).map { offset in
            (offset: offset, value: bytes.loadUnaligned(fromByteOffset: offset, as: UInt.self))
        }.filter { $0.value >= 1 << 16 && $0.value < 1 << 47 }
        guard !words.isEmpty else { return nil }
        let mappings = Mappings()
        let own = mappings.name(at: UInt(bitPattern: image)) ?? ""
        for word in words {
            guard let name = mappings.name(at: word.value) else { continue }
            if !own.isEmpty, name == own { return (word.offset, "the image of the plugin") }
            return (word.offset, name.split(separator: "/").last.map(String.init) ?? "memory")
        }
        return nil
    }

    private init() {
        var all: [Mapping] = []
        var line: UnsafeMutablePointer<CChar>?
        var capacity = 0
        let file = fopen("/proc/self/maps", "r")
        while let file, getline(&line, &capacity, file) > 0, let line {
            let parts = String(cString: line).split(separator: "\n")[0].split(separator: " ")
            let ends = parts[0].split(separator: "-").compactMap { UInt($0, radix: 16) }
            guard ends.count == 2, ends[0] < ends[1] else { continue }
            all.append(Mapping(addresses: ends[0]..<ends[1], name: parts.count > 5 ? parts[5] : ""))
        }
        free(line)
        if let file { fclose(file) }
        self.all = all
    }

    /// nil: nothing is mapped there.
    private func name(at address: UInt) -> Substring? { all.first { $0.addresses.contains(address) }?.name }
}
