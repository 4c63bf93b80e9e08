/// The parsed headers of the ABI, for the generated reference and the checks. The parser understands only the plain style of those headers,
/// not C in general.
struct ABIHeader {
    /// `/* -- since 1.0: output of a connection: [loop], inside a callback of that connection -- */`
    struct Group: Equatable {
        var version = ""
        /// "output of a connection: [loop], inside a callback of that connection".
        var title = ""
    }

    struct Member {
        var name: String
        /// Without the semicolon, on one line.
        var declaration: String
        var comment: String
        var group: Group
        var isFunction: Bool

        /// On which threads it runs, or from which it may be called: its own tags, or else the tags of its group.
        var threads: [String] {
            let own = threadTags(in: comment)
            return own.isEmpty ? threadTags(in: group.title) : own
        }
    }

    struct Structure {
        var name: String
        var comment: String
        var members: [Member]

        /// Whether it starts with its size, and so can grow.
        var isSized: Bool { members.first?.declaration == "uint32_t size" }
        var functions: [Member] { members.filter(\.isFunction) }
    }

    struct Constant {
        var name: String
        /// As written in the header: `((martlet_type)1)`.
        var value: String
        var comment: String

        var isText: Bool { value.hasPrefix("\"") }
        /// The type that it is cast to: `martlet_type`.
        var type: String? {
            guard value.hasPrefix("((") else { return nil }
            let (type, rest) = (value.dropFirst(2).prefix { $0 != ")" }, value.dropFirst(2).drop { $0 != ")" })
            return rest.dropFirst().first.map { $0 == "-" || $0.isNumber } == true ? String(type) : nil
        }
    }

    /// Constants of one type, or flags.
    struct Family {
        /// nil: flags of a plain integer.
        var type: String?
        var comment: String
        var constants: [Constant]
    }

    /// A named type without members: a handle or a number.
    struct PlainType {
        var name: String
        var declaration: String
        var comment: String
    }

    /// A named type of function pointers.
    struct FunctionType {
        var name: String
        var declaration: String
        var comment: String

        var threads: [String] { threadTags(in: comment) }
    }

    var structures: [Structure] = []
    var families: [Family] = []
    /// Those that belong to no family.
    var constants: [Constant] = []
    var plainTypes: [PlainType] = []
    var functionTypes: [FunctionType] = []

    var sizedStructures: [Structure] { structures.filter(\.isSized) }
    var allConstants: [Constant] { constants + families.flatMap(\.constants) }

    func structure(_ name: String) -> Structure? { structures.first { $0.name == name } }
}

extension ABIHeader {
    static let folder = "\(checkout)/SDK/Sources/CMartlet/include"

    /// Paths under `include`, in reading order.
    static func files() throws -> [String] {
        let (_, found) = try shell("cd '\(folder)' && ls martlet/*.h martlet/ext/*.h")
        let order = ["martlet/abi.h", "martlet/plugin.h", "martlet/options.h", "martlet/host.h"]
        let files = found.split(separator: "\n").map(String.init)
        return order.filter(files.contains) + files.filter { !order.contains($0) }
    }

    static func today() throws -> ABIHeader {
        var header = ABIHeader()
        for file in try files() { header.read(try shell("cat '\(folder)/\(file)'").output) }
        return header
    }
}

/// The thread tags in a text, such as `[loop]` and `[any]`.
func threadTags(in text: String) -> [String] {
    ["control", "loop", "worker", "database", "any"].map { "[\($0)]" }.filter { text.contains($0) }
}
