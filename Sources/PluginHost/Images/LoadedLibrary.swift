import CMartlet
import Glibc
import Instances

/// Loads a plugin: dlopen(3), the entry function, the descriptor. The probe does this in a child, and then the server does the same.
struct LoadedLibrary {
    let handle: UnsafeMutableRawPointer
    let reader: DescriptorReader

    /// - Parameter step: called before each step, so that a crash can be traced to it.
    init(
        path: String, unloadable: Bool, step: (ProbeStep) -> Void
    ) throws(DescriptorReader.Problem) {
        step(.loading)
        let flags = RTLD_NOW | RTLD_LOCAL | (unloadable ? 0 : Int32(RTLD_NODELETE))
        guard let handle = dlopen(path, flags) else { throw .init(Self.loadError(path)) }
        guard let symbol = dlsym(handle, MARTLET_ENTRY_SYMBOL) else {
            throw .init("not a plugin: it does not export \(MARTLET_ENTRY_SYMBOL)")
        }
        step(.entry)
        let entry = unsafeBitCast(symbol, to: (@convention(c) (martlet_abi) -> UnsafePointer<martlet_plugin>?).self)
        guard let descriptor = entry(Version.abiNumber) else {
            throw .init("its entry function returned no descriptor for a host of plugin ABI \(Version.abi)")
        }
        step(.descriptor)
        self.handle = handle
        reader = try DescriptorReader(descriptor)
    }

    /// The loader's text without the path of the private copy, which means nothing to the reader.
    private static func loadError(_ path: String) -> String {
        let text = dlerror().map { String(cString: $0) } ?? "unknown error"
        let prefix = path + ": "
        return "cannot be loaded: " + (text.hasPrefix(prefix) ? String(text.dropFirst(prefix.count)) : text)
    }
}
