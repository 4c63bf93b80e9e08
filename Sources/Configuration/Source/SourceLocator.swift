/// Where each key of a TOML text stands. TOMLKit's values carry no position, so a scanner of our own walks the same text.
///
/// It accepts everything and never fails: which text is TOML is for toml++ to say, and on text that is not, positions
/// are only approximate. A path it does not know is answered with its nearest parent.
package struct SourceLocator: Sendable {
    /// Keys and lists inside one another. toml++ recurses once per level, so a file of `a.a.a.a…` would end the process.
    package static let depthLimit = 64

    struct Node {
        var position: Position
        var depth: Int
        var members: [String: Int] = [:]
        var elements: [Int] = []
    }

    /// In the order of first mention, which is the order of the document.
    private(set) var nodes = [Node(position: .start, depth: 0)]
    /// Set when the text must not reach TOMLKit, see `refuse`.
    private(set) var refusal: Refusal?

    struct Refusal: Sendable, Equatable {
        var position: Position
        var message: String
    }

    package init(_ text: String) {
        var scanner = SourceScanner(text)
        scanner.scanDocument(into: &self)
    }

    package func position(of key: ConfigurationKey) -> Position {
        nodes[node(of: key)].position
    }

    /// The node of the longest known prefix.
    private func node(of key: ConfigurationKey) -> Int {
        var node = 0
        for component in key.components {
            guard let next = child(component, of: node) else { return node }
            node = next
        }
        return node
    }

    func child(_ component: ConfigurationKey.Component, of node: Int) -> Int? {
        switch component {
        case .key(let key): nodes[node].members[key]
        case .index(let index): nodes[node].elements.indices.contains(index) ? nodes[node].elements[index] : nil
        }
    }
}

extension SourceLocator {
    /// The member `key` of `parent`, made when it is not there. Nil beyond the depth limit.
    mutating func member(_ key: String, of parent: Int, at position: Position) -> Int? {
        if let known = nodes[parent].members[key] { return known }
        guard let node = addNode(below: parent, at: position) else { return nil }
        nodes[parent].members[key] = node
        return node
    }

    /// One more element of `parent`. Nil beyond the depth limit.
    mutating func element(of parent: Int, at position: Position) -> Int? {
        guard let node = addNode(below: parent, at: position) else { return nil }
        nodes[parent].elements.append(node)
        return node
    }

    /// For what toml++ 3.4 does not survive (its assertions are on in a release build, too) or TOMLKit gets wrong:
    /// depth without end, a header that starts with no key, a brace or a Unicode line end where a list wants a value,
    /// a lone digit after a date, an escaped NUL.
    /// The scan ends at the first.
    mutating func refuse(_ message: String, at position: Position) {
        refusal = refusal ?? Refusal(position: position, message: message)
    }

    private mutating func addNode(below parent: Int, at position: Position) -> Int? {
        let depth = nodes[parent].depth + 1
        guard depth <= Self.depthLimit else {
            refuse("expected at most \(Self.depthLimit) levels of keys and lists inside one another", at: position)
            return nil
        }
        nodes.append(Node(position: position, depth: depth))
        return nodes.count - 1
    }
}
