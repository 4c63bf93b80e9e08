/// The types and functions of the ABI, as a page in Markdown.
struct ReferencePage {
    private let header: ABIHeader

    init(_ header: ABIHeader) { self.header = header }

    /// Parts of the page, and the structs in each.
    static let parts = [
        ("Basic types", ["martlet_text"]),
        ("What a plugin gives the host", ["martlet_plugin", "martlet_option", "martlet_extension"]),
        ("Plugin extension `martlet.session-state/1`", ["martlet_session_state"]),
        ("Plugin extension `martlet.operations/1`", ["martlet_operations", "martlet_operation", "martlet_bytes"]),
        (
            "What the host gives a plugin",
            ["martlet_host", "martlet_env", "martlet_opening", "martlet_address", "martlet_value", "martlet_request"]
        ),
        ("Host extension `martlet.host-info/1`", ["martlet_host_info"]),
    ]

    var text: String {
        var text = """
            # The reference of the plugin ABI

            Made by a test from the headers in `Sources/CMartlet/include`; [abi.md](abi.md) explains the terms. Each member says since which
            version it is there. `[control]`, `[loop]`, `[worker]` and `[any]` say on which thread a function runs, or from which it may be
            called. A pointer may be NULL only where it is marked `MARTLET_NULLABLE`.


            """
        for (title, structures) in Self.parts {
            text += "## \(title)\n\n"
            for structure in structures.compactMap(header.structure) { text += section(of: structure) }
        }
        text += "## Functions that are passed around\n\n"
        for type in header.functionTypes {
            text += "### \(type.name)\n\n```text\n\(type.declaration)\n```\n\n\(type.comment)\n\n"
        }
        text +=
            "## Handles and numbers\n\n" + Self.row("type", "declaration", "meaning") + Self.row("---", "---", "---")
        for type in header.plainTypes { text += Self.row(type.name, code(type.declaration), cell(type.comment)) }
        text += "\n## Constants\n\n"
        for family in header.families {
            text += family.type.map { "### \($0)\n\n" } ?? "### \(prefix(of: family))…\n\n"
            text += family.comment + "\n\n" + table(of: family.constants)
        }
        text += "### Others\n\n" + table(of: header.constants)
        return String(text.dropLast())
    }

    private func section(of structure: ABIHeader.Structure) -> String {
        var text = "### \(structure.name)\n\n"
        if !structure.comment.isEmpty { text += structure.comment + "\n\n" }
        var group = ABIHeader.Group()
        var rest = structure.members[...]
        while let first = rest.first {
            if first.group != group, !first.group.title.isEmpty {
                text += "**\(first.group.title.prefix(1).uppercased() + first.group.title.dropFirst())**\n\n"
            }
            group = first.group
            if first.isFunction {
                text += section(of: rest.removeFirst(), in: structure)
            } else {
                let data = rest.prefix { !$0.isFunction && $0.group == group }
                rest = rest.dropFirst(data.count)
                text += table(of: Array(data), of: structure)
            }
        }
        return text
    }

    private func section(of function: ABIHeader.Member, in structure: ABIHeader.Structure) -> String {
        """
        #### \(structure.name).\(function.name)

        ```text
        \(function.declaration);
        ```

        Since \(function.group.version). \(function.threads.joined(separator: " "))

        \(function.comment)


        """
    }

    private func table(of members: [ABIHeader.Member], of structure: ABIHeader.Structure) -> String {
        var text =
            structure.isSized
            ? Self.row("member", "since", "") + Self.row("---", "---", "---")
            : Self.row("member", "") + Self.row("---", "---")
        for member in members {
            text +=
                structure.isSized
                ? Self.row(code(member.declaration), member.group.version, cell(member.comment))
                : Self.row(code(member.declaration), cell(member.comment))
        }
        return text + "\n"
    }

    private func table(of constants: [ABIHeader.Constant]) -> String {
        var text = Self.row("constant", "value", "") + Self.row("---", "---", "---")
        for constant in constants { text += Self.row(constant.name, code(plain(constant)), cell(constant.comment)) }
        return text + "\n"
    }

    /// Without its cast.
    private func plain(_ constant: ABIHeader.Constant) -> String {
        guard let type = constant.type else { return constant.value }
        return String(constant.value.dropFirst(type.count + 3).dropLast())
    }

    /// What the names of flags have in common: `MARTLET_PLUGIN_`.
    private func prefix(of family: ABIHeader.Family) -> String {
        family.constants[0].name.split(separator: "_").prefix(2).joined(separator: "_") + "_"
    }

    private func code(_ text: String) -> String { "`\(text)`" }
    private func cell(_ text: String) -> String { text.replacing("\n\n", with: " ").replacing("|", with: "\\|") }

    private static func row(_ cells: String...) -> String {
        "|" + cells.map { $0.isEmpty ? " |" : " \($0) |" }.joined() + "\n"
    }
}
