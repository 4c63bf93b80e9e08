/// The path of a value inside a file, written the way TOML writes it: `options.routes[1].root`.
package struct ConfigurationKey: Sendable, Hashable {
    package enum Component: Sendable, Hashable {
        case key(String)
        case index(Int)
    }

    package var components: [Component]

    package init(_ components: [Component] = []) {
        self.components = components
    }

    package static let root = ConfigurationKey()

    package func appending(_ key: String) -> ConfigurationKey {
        ConfigurationKey(components + [.key(key)])
    }

    package func appending(index: Int) -> ConfigurationKey {
        ConfigurationKey(components + [.index(index)])
    }
}

extension ConfigurationKey: CustomStringConvertible {
    package var description: String {
        var text = ""
        for component in components {
            switch component {
            case .index(let index): text += "[\(index)]"
            case .key(let key): text += (text.isEmpty ? "" : ".") + (Self.isBare(key) ? key : quoted(key))
            }
        }
        return text
    }

    private static func isBare(_ key: String) -> Bool {
        !key.isEmpty
            && key.utf8.allSatisfy { byte in
                switch byte {
                case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
                    UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "_"), UInt8(ascii: "-"):
                    true
                default: false
                }
            }
    }
}

extension ConfigurationKey {
    /// Reads `options.routes[1].root`, the form in which a plugin names one of its options. Never fails: anything that is not an
    /// index in brackets is part of a key.
    package init(parsing text: String) {
        self.init()
        for part in text.split(separator: ".") {
            let pieces = part.split(separator: "[", omittingEmptySubsequences: false)
            if let name = pieces.first, !name.isEmpty { components.append(.key(String(name))) }
            for piece in pieces.dropFirst() {
                if piece.last == "]", let index = Int(piece.dropLast()), index >= 0 {
                    components.append(.index(index))
                } else {
                    components.append(.key("[" + piece))
                }
            }
        }
    }
}
