import CMartlet
import Glibc

/// The library that contains the simulation, opened once: `libmartlet_simulation.so`.
enum SimulationLibrary {
    static let name = "libmartlet_simulation.so"

    /// Its functions, or why there are none.
    nonisolated(unsafe) static let loaded: Result<UnsafePointer<martlet_simulation>, SimulationError> = load()

    /// The functions, for objects that cannot exist without them.
    static var functions: martlet_simulation {
        guard case .success(let table) = loaded else { preconditionFailure("no simulation") }
        return table.pointee
    }

    private static func load() -> Result<UnsafePointer<martlet_simulation>, SimulationError> {
        var problems: [String] = []
        for path in candidates {
            guard access(path, F_OK) == 0 else {
                problems.append("\(path): no such file")
                continue
            }
            guard let library = dlopen(path, RTLD_NOW | RTLD_LOCAL) else {
                problems.append(dlerror().map { String(cString: $0) } ?? "\(path): cannot be opened")
                continue
            }
            guard let symbol = dlsym(library, MARTLET_SIMULATION_SYMBOL) else {
                problems.append("\(path): does not export \(MARTLET_SIMULATION_SYMBOL)")
                continue
            }
            let entry = unsafeBitCast(
                symbol, to: (@convention(c) (UInt32) -> UnsafePointer<martlet_simulation>?).self)
            if let table = entry(version) { return .success(table) }
            problems.append("\(path): is of another major version")
        }
        return .failure(.library(problems))
    }

    /// MARTLET_SIMULATION_VERSION
    private static let version: UInt32 = 0x10000

    /// Where it may be, in this order. With MARTLET_SIMULATION there is no other place.
    private static var candidates: [String] {
        if let path = getenv("MARTLET_SIMULATION") { return [String(cString: path)] }
        var folders = [folder(of: executable)]
        // This file is SDK/Sources/MartletKitTesting/… of a checkout, or share/martlet/SDK/Sources/MartletKitTesting/… of an installation.
        let sdk = (0..<3).reduce(#filePath) { path, _ in folder(of: path) }
        let checkout = folder(of: sdk)
        folders += ["\(checkout)/.build/debug", "\(checkout)/.build/release"]
        folders.append(folder(of: folder(of: checkout)) + "/lib")
        return folders.map { "\($0)/\(name)" }
    }

    private static var executable: String {
        let path = realpath("/proc/self/exe", nil)
        defer { free(path) }
        return path.map { String(cString: $0) } ?? ""
    }

    private static func folder(of path: String) -> String {
        String(path[..<(path.lastIndex(of: "/") ?? path.startIndex)])
    }
}

/// Passes a text to a C function.
func withText<Result>(_ text: String, _ body: (martlet_text) -> Result) -> Result {
    var text = text
    return text.withUTF8 {
        let data = UnsafeRawPointer($0.baseAddress)?.assumingMemoryBound(to: CChar.self)
        return body(martlet_text(data: data, length: $0.count))
    }
}

extension String {
    /// A copy of a text of the library.
    init(_ text: martlet_text) {
        self.init(decoding: UnsafeRawBufferPointer(start: text.data, count: text.length), as: UTF8.self)
    }
}

extension Array where Element == UInt8 {
    /// A copy of bytes of the library.
    init(_ data: UnsafeRawPointer?, _ count: Int) { self.init(UnsafeRawBufferPointer(start: data, count: count)) }
}
