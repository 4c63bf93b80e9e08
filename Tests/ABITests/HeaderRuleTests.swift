import CMartlet
import Testing

/// The headers follow the rules that martlet.h states.
@Suite struct HeaderRuleTests {
    private let header: ABIHeader

    init() throws { header = try .today() }

    @Test func theHeadersAreParsed() {
        #expect(header.structures.count == 32)
        #expect(header.sizedStructures.count == 27)
        #expect(
            header.functionTypes.map(\.name).sorted() == [
                "martlet_answered", "martlet_authenticated", "martlet_delivery", "martlet_entry", "martlet_release",
                "martlet_state_put", "martlet_tick", "martlet_transact", "martlet_work",
            ])
        #expect(header.structures.flatMap(\.functions).count >= 64)
        #expect(header.allConstants.count >= 87)
    }

    @Test func everyFunctionSaysOnWhichThreadItRuns() {
        for structure in header.structures {
            for function in structure.functions {
                #expect(!function.threads.isEmpty, "\(structure.name).\(function.name) has no thread")
            }
        }
        for type in header.functionTypes { #expect(!type.threads.isEmpty, "\(type.name) has no thread") }
    }

    @Test func everyMemberOfASizedStructSaysSinceWhichVersion() {
        for structure in header.sizedStructures {
            for member in structure.members {
                let version = member.group.version.split(separator: ".").map { Int($0) }
                #expect(version.count == 2 && version[0] == 1 && version[1] != nil, "\(structure.name).\(member.name)")
            }
        }
    }

    /// A reader that reads no member beyond the size then sees all members of a version or none.
    @Test func membersAreInTheOrderOfTheirVersions() {
        for structure in header.sizedStructures {
            let versions = structure.members.compactMap { Int($0.group.version.split(separator: ".").last ?? "") }
            #expect(versions == versions.sorted(), "\(structure.name)")
        }
    }

    @Test func everyTypeOfConstantsHasARuleForUnknownValues() {
        #expect(header.families.count >= 10)
        for family in header.families {
            let rule = family.type == nil ? "Unknown bits" : "Unknown values"
            #expect(family.comment.contains(rule), "\(family.type ?? family.comment)")
            #expect(!family.constants.isEmpty, "\(family.type ?? family.comment)")
        }
    }

    @Test func theBitsOfEveryFlagsMemberAreAFamily() {
        let flags = header.structures.flatMap { structure in structure.members.filter { $0.name == "flags" } }
        #expect(flags.count == 5)
        for member in flags {
            let prefix = member.comment.prefix { $0 == "_" || $0.isLetter }
            let family = header.families.first { $0.type == nil && $0.constants[0].name.hasPrefix(prefix) }
            #expect(family != nil && prefix.hasPrefix("MARTLET_"), "\(member.comment)")
        }
    }

    @Test func noTwoConstantsOfATypeHaveTheSameValue() {
        for family in header.families {
            #expect(Set(family.constants.map(\.value)).count == family.constants.count, "\(family.type ?? "flags")")
        }
    }

    @Test func noLineIsLongerThan120Columns() throws {
        for file in ["martlet.h", "martlet_simulation.h"] + (try ABIHeader.files()) {
            let (_, text) = try shell("cat '\(ABIHeader.folder)/\(file)'")
            for (index, line) in text.split(separator: "\n", omittingEmptySubsequences: false).enumerated() {
                #expect(line.count <= 120, "\(file):\(index + 1)")
            }
        }
    }

    /// A plugin includes only martlet.h.
    @Test func martletIncludesEveryHeader() throws {
        let (_, text) = try shell("cat '\(ABIHeader.folder)/martlet.h'")
        for file in try ABIHeader.files() { #expect(text.contains("#include \"\(file)\"\n"), "\(file)") }
    }

    /// Otherwise the Swift runtime would treat the structs of two versions as one type: martlet-for-swift.h.
    @Test func everySizedStructHasAVersionedNameInSwift() throws {
        let (_, text) = try shell("cat '\(ABIHeader.folder)/martlet-for-swift.h'")
        for name in header.sizedStructures.map(\.name) {
            #expect(text.contains("\n#define \(name) MARTLET_OF_THIS_VERSION(\(name))\n"))
            #expect(text.contains("\n#undef \(name)\n"))
            #expect(text.contains("\ntypedef MARTLET_OF_THIS_VERSION(\(name)) \(name);\n"))
        }
        let suffix = "_\(MARTLET_ABI_MAJOR)_\(MARTLET_ABI_MINOR)"
        #expect(String(reflecting: martlet_env.self).hasSuffix("martlet_env" + suffix))
        #expect(String(reflecting: martlet_option.self).hasSuffix("martlet_option" + suffix))
    }
}
