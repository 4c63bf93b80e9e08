import CMartlet
import Glibc
import PluginABI
import Testing

/// The layout of the structs and the values of the constants, as a C compiler sees them.
@Suite(.enabled(if: hasProgram("cc"), "cc is not installed")) struct LayoutTests {
    /// Compares sizes, offsets and values with `layout.golden`. Once 1.0 is released, a changed line breaks existing plugins: lines may
    /// only be added, at the end of a struct. MARTLET_WRITE_DOCS=1 regenerates the file.
    @Test func theLayoutMatchesTheGoldenFile() throws {
        let golden = "\(checkout)/Tests/ABITests/layout.golden"
        let found = try run(Self.layoutProgram(of: try .today()))
        #expect(found.split(separator: "\n").count > 200, "the header was not parsed")
        if getenv("MARTLET_WRITE_DOCS") != nil { try write(found, to: golden) }
        let (_, expected) = try shell("cat '\(golden)'")
        #expect(found == expected, "the layout differs from Tests/ABITests/layout.golden")
    }

    /// The smallest size that any author's struct has: the end of its last member since 1.0.
    @Test func theFirstSizeIsTheEndOfTheLastMemberSince1_0() throws {
        var lines: [String] = []
        for structure in try ABIHeader.today().sizedStructures {
            let last = try #require(structure.members.last { $0.group.version == "1.0" }, "\(structure.name)")
            let (type, name) = (structure.name, last.name)
            lines.append("printf(\"\(type) %zu\\n\", offsetof(\(type), \(name)) + sizeof(((\(type) *)0)->\(name)));")
        }
        #expect(numbers(try run(Self.program(lines.joined(separator: "\n")))) == firstSizes)
    }

    /// `scripts/grow-header` adds one member to the end of each of these structs and changes nothing else.
    @Test func everySizedStructGrowsInTheCopyForTheGrowthTests() throws {
        let today = try ABIHeader.today()
        let program = Self.layoutProgram(of: today)
        let offsets = today.sizedStructures.map(\.name).map {
            "printf(\"\($0) %zu\\n\", offsetof(\($0), grown));"
        }
        try withGrownHeaders { folder in
            let (before, after) = (try run(program), try run(program, headers: folder))
            let grown = numbers(try run(Self.program(offsets.joined(separator: "\n")), headers: folder))
            for structure in today.structures {
                let (old, new) = (numbers(before)[structure.name] ?? 0, numbers(after)[structure.name] ?? 0)
                let end = (old + 7) / 8 * 8
                #expect(new == (structure.isSized ? end + 8 : old), "\(structure.name)")
                #expect(grown[structure.name] == (structure.isSized ? end : nil), "\(structure.name)")
            }
            let members = { (text: String) in text.split(separator: "\n").filter { $0.hasPrefix("  ") } }
            #expect(members(before) == members(after))
            for (compiler, language) in [("cc", "c"), ("c++", "c++")] where hasProgram(compiler) {
                let (status, output) = try shell(
                    "echo '#include \"martlet.h\"' | \(compiler) -x \(language) -Wall -Wextra -pedantic -Werror "
                        + "-fsyntax-only -I'\(folder)' -")
                #expect(status == 0, "\(output)")
            }
        }
    }

    /// Reads lines such as "martlet_env 40".
    private func numbers(_ text: String) -> [String: Int] {
        var numbers: [String: Int] = [:]
        for line in text.split(separator: "\n") where line.hasPrefix("martlet_") {
            let words = line.split(separator: " ")
            numbers[String(words[0])] = Int(words[1])
        }
        return numbers
    }

    /// From `SizedStruct.swift`.
    private let firstSizes: [String: Int] = [
        "martlet_address": martlet_address.firstSize, "martlet_checkpoints": martlet_checkpoints.firstSize,
        "martlet_env": martlet_env.firstSize,
        "martlet_extension": martlet_extension.firstSize, "martlet_groups": martlet_groups.firstSize,
        "martlet_host": martlet_host.firstSize, "martlet_host_info": martlet_host_info.firstSize,
        "martlet_instance_state": martlet_instance_state.firstSize, "martlet_loops": martlet_loops.firstSize,
        "martlet_membership": martlet_membership.firstSize, "martlet_opening": martlet_opening.firstSize,
        "martlet_metric_description": martlet_metric_description.firstSize,
        "martlet_metrics": martlet_metrics.firstSize,
        "martlet_operation": martlet_operation.firstSize, "martlet_operations": martlet_operations.firstSize,
        "martlet_option": martlet_option.firstSize, "martlet_plugin": martlet_plugin.firstSize,
        "martlet_request": martlet_request.firstSize, "martlet_session_state": martlet_session_state.firstSize,
        "martlet_answer": martlet_answer.firstSize, "martlet_database_call": martlet_database_call.firstSize,
        "martlet_databases": martlet_databases.firstSize,
        "martlet_users": martlet_users.firstSize, "martlet_user": martlet_user.firstSize,
        "martlet_authentication_answer": martlet_authentication_answer.firstSize,
        "martlet_transport": martlet_transport.firstSize, "martlet_value": martlet_value.firstSize,
    ]

    private static func layoutProgram(of header: ABIHeader) -> String {
        var lines: [String] = []
        for structure in header.structures {
            let type = structure.name
            lines.append("printf(\"\(type) %zu\\n\", sizeof(\(type)));")
            for name in structure.members.map(\.name) {
                lines.append(
                    "printf(\"  \(name) %zu %zu\\n\", offsetof(\(type), \(name)), sizeof(((\(type) *)0)->\(name)));")
            }
        }
        for constant in header.allConstants {
            let (name, isText) = (constant.name, constant.isText)
            lines.append(
                "printf(\"\(name) %\(isText ? "s" : "lld")\\n\", \(isText ? "" : "(long long)")\(name));")
        }
        return program(lines.joined(separator: "\n"))
    }

    private static func program(_ statements: String) -> String {
        "#include <stdio.h>\n#include \"martlet.h\"\nint main(void) {\n\(statements)\nreturn 0; }\n"
    }

    private func run(_ program: String, headers: String = ABIHeader.folder) throws -> String {
        try inTemporaryFolder { folder in
            try write(program, to: "\(folder)/program.c")
            let (status, output) = try shell(
                "cc -std=c11 -w -I'\(headers)' -o '\(folder)/program' '\(folder)/program.c' && '\(folder)/program'")
            #expect(status == 0, "\(output)")
            return output
        }
    }
}

/// Runs the body with a folder that contains a copy of the headers in which every sized struct has grown.
func withGrownHeaders<Result>(_ body: (String) throws -> Result) throws -> Result {
    try inTemporaryFolder { folder in
        for file in ["martlet.h"] + (try ABIHeader.files()) {
            let (status, output) = try shell(
                "mkdir -p \"$(dirname '\(folder)/\(file)')\" && "
                    + "'\(checkout)/scripts/grow-header' <'\(ABIHeader.folder)/\(file)' >'\(folder)/\(file)'")
            try #require(status == 0, "\(output)")
        }
        return try body(folder)
    }
}
