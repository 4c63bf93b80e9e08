import CMartlet
import PluginABI
import Testing

@testable import Instances
@testable import PluginHost

/// Which descriptors are accepted, and each refusal.
@Suite struct DescriptorReaderTests {
    private func read(_ change: (inout martlet_plugin) -> Void) throws(DescriptorReader.Problem) -> PluginDescription {
        var plugin = SwiftPlugin.minimal()
        change(&plugin)
        return try withUnsafePointer(to: plugin) { (pointer) throws(DescriptorReader.Problem) in
            try DescriptorReader(pointer).description
        }
    }

    private func problem(_ change: (inout martlet_plugin) -> Void) -> String? {
        do throws(DescriptorReader.Problem) {
            _ = try read(change)
            return nil
        } catch {
            return error.text
        }
    }

    /// Values in memory that is never freed.
    private func permanent<Value>(_ values: [Value]) -> UnsafePointer<Value> {
        let memory = UnsafeMutableBufferPointer<Value>.allocate(capacity: values.count)
        _ = memory.initialize(from: values)
        return UnsafePointer(memory.baseAddress!)
    }

    private func option(
        _ key: String, _ type: martlet_type = MARTLET_TYPE_INTEGER, _ change: (inout martlet_option) -> Void = { _ in }
    ) -> martlet_option {
        var option = martlet_option()
        option.size = UInt32(MemoryLayout<martlet_option>.size)
        option.key = permanentText(key)
        option.type = type
        (option.minimum, option.maximum) = (1, 0)
        change(&option)
        return option
    }

    private func problem(with options: [martlet_option]) -> String? {
        problem { ($0.options, $0.option_count) = (permanent(options), options.count) }
    }

    // MARK: Accepted descriptors

    @Test func readsTheMembers() throws {
        let description = try read { plugin in
            plugin.summary = permanentText("Sends back")
            plugin.example = permanentText("nc {host} {port}")
            plugin.threads = MARTLET_THREADS_WORKERS
            plugin.flags = MARTLET_PLUGIN_UNLOADABLE
        }
        #expect(description.name == "swift-plugin" && description.version == "1.2.3")
        #expect(description.summary == "Sends back" && description.example == "nc {host} {port}")
        #expect(description.abi == "\(MARTLET_ABI_MAJOR).\(MARTLET_ABI_MINOR)" && description.isForStreams)
        #expect(description.threads == .workers && description.unloadable)
        #expect(description.options.isEmpty && description.extensions.isEmpty)
    }

    @Test func readsOptionsOfEveryKind() throws {
        let choices = permanent([permanentText("one"), permanentText("two")])
        let children = permanent([option("inner", MARTLET_TYPE_BOOLEAN)])
        let options = [
            option("n") { ($0.minimum, $0.maximum, $0.default_value) = (1, 9, permanentText("3")) },
            option("t", MARTLET_TYPE_TEXT) { ($0.choices, $0.choice_count, $0.required) = (choices, 2, 1) },
            option("l", MARTLET_TYPE_LIST) { $0.element = MARTLET_TYPE_PATH },
            option("sub", MARTLET_TYPE_TABLE) { ($0.children, $0.child_count) = (children, 1) },
        ]
        let read = try read { ($0.options, $0.option_count) = (permanent(options), options.count) }.options
        #expect(read.map(\.key) == ["n", "t", "l", "sub"])
        #expect(read.map(\.kind) == [.integer, .text, .list, .table])
        #expect(read[0].minimum == 1 && read[0].maximum == 9 && read[0].defaultValue == "3" && !read[0].required)
        #expect(read[1].choices == ["one", "two"] && read[1].required && read[1].minimum == nil)
        #expect(read[2].element == .path)
        #expect(read[3].children.map(\.key) == ["inner"])
    }

    /// A newer minor version is fine.
    @Test func readsADescriptorOfALaterMinorVersion() throws {
        #expect(try read { $0.abi = UInt32(MARTLET_ABI_MAJOR) << 16 | 7 }.abi == "\(MARTLET_ABI_MAJOR).7")
    }

    /// Growth: members that a plugin does not know are not read, and larger structs are skipped by their size.
    @Test func aDescriptorMayBeShorterOrLongerThanOurs() throws {
        #expect(try read { $0.size = UInt32(MemoryLayout<martlet_plugin>.size) }.name == "swift-plugin")
        let longer = UnsafeMutableRawPointer.allocate(byteCount: 1_024, alignment: 16)
        defer { longer.deallocate() }
        longer.initializeMemory(as: UInt8.self, repeating: 0xFF, count: 1_024)
        var plugin = SwiftPlugin.minimal()
        plugin.size = 1_024
        longer.storeBytes(of: plugin, as: martlet_plugin.self)
        let reader = try DescriptorReader(UnsafePointer(longer.assumingMemoryBound(to: martlet_plugin.self)))
        #expect(reader.description.name == "swift-plugin")
        let entries = UnsafeMutableRawPointer.allocate(byteCount: 2 * 256, alignment: 16)
        defer { entries.deallocate() }
        for (index, key) in ["first", "second"].enumerated() {
            var large = option(key)
            large.size = 256
            (entries + index * 256).storeBytes(of: large, as: martlet_option.self)
        }
        let read = try read {
            ($0.options, $0.option_count) = (UnsafePointer(entries.assumingMemoryBound(to: martlet_option.self)), 2)
        }
        #expect(read.options.map(\.key) == ["first", "second"])
    }

    // MARK: Refusals

    @Test func refusesAnotherABIAndAnotherSize() {
        #expect(
            problem { $0.abi = 9 << 16 | 4 }
                == "built for plugin ABI 9.4, this host speaks \(MARTLET_ABI_MAJOR)."
                + "\(MARTLET_ABI_MINOR); build it against this host's martlet.h")
        let least = MemoryLayout<martlet_plugin>.offset(of: \.closed)! + MemoryLayout<UnsafeRawPointer>.size
        for size in [0, 8, least - 1, 1 << 16 + 1] {
            #expect(
                problem { $0.size = UInt32(size) }
                    == "its descriptor states a size of \(size) bytes, expected \(least) or more")
        }
    }

    @Test func refusesADescriptorWithoutAFunction() {
        #expect(problem { $0.create = nil } == "its descriptor lacks the function \"create\"")
        #expect(problem { $0.destroy = nil } == "its descriptor lacks the function \"destroy\"")
    }

    // MARK: Streams

    @Test func aPluginForStreamsNeedsAllStreamFunctions() {
        #expect(problem { $0.opened = nil } == "its descriptor lacks the function \"opened\"")
        #expect(problem { $0.received = nil } == "its descriptor lacks the function \"received\"")
        #expect(problem { $0.closed = nil } == "its descriptor lacks the function \"closed\"")
        #expect(problem { ($0.opened, $0.closed) = (nil, nil) } == "its descriptor lacks the function \"opened\"")
        #expect(problem { ($0.opened, $0.received) = (nil, nil) } == "its descriptor lacks the function \"opened\"")
    }

    @Test func aPluginWithoutStreamFunctionsIsAccepted() throws {
        #expect(try !read { ($0.opened, $0.received, $0.closed) = (nil, nil, nil) }.isForStreams)
    }

    @Test func aSessionInTheHostsMemoryNeedsNoClosed() throws {
        #expect(
            try read {
                $0.closed = nil
                $0.session_size = 8
            }.isForStreams)
    }

    @Test(arguments: ["", "two words", "a/b", "ü", "a\"b"]) func refusesAnInvalidName(name: String) {
        #expect(
            problem { $0.name = permanentText(name) }
                == "its name \"\(name)\" is not valid: expected letters, digits, '-' and '_'")
    }

    @Test func refusesTextsThatCannotBeRead() {
        #expect(problem { $0.version = martlet_text(data: nil, length: 3) } == "its version cannot be read")
        #expect(problem { $0.version.length = 1 << 20 } == "its version cannot be read")
        let bytes = permanent([CChar(bitPattern: 0xFF), 0x41])
        #expect(problem { $0.summary = martlet_text(data: bytes, length: 2) } == "its summary is not UTF-8")
    }

    @Test(arguments: [0, 4, 99] as [martlet_threads]) func refusesAnUnknownThreadsModel(threads: martlet_threads) {
        #expect(problem { $0.threads = threads } == "its threads model is \(threads), expected 1 to 3")
    }

    @Test func refusesMissingAndTooLargeArrays() {
        let many = "are NULL or more than 1000"
        #expect(problem { ($0.options, $0.option_count) = (nil, 1) } == "its options \(many)")
        let one = permanent([option("n")])
        #expect(problem { ($0.options, $0.option_count) = (one, 1_001) } == "its options \(many)")
        let size = MemoryLayout<martlet_option>.size
        #expect(
            problem(with: [option("n") { $0.size = 8 }])
                == "an entry of its options states a size of 8 bytes, expected \(size) or more")
        #expect(problem { ($0.extensions, $0.extension_count) = (nil, 1) } == "its extensions \(many)")
        var offered = martlet_extension()
        offered.size = UInt32(MemoryLayout<martlet_extension>.size)
        let extensions = permanent([offered])
        #expect(problem { ($0.extensions, $0.extension_count) = (extensions, 1) } == "an extension has no functions")
        for count in [1, 1_001] {
            let first = count == 1 ? nil : permanent([permanentText("x")])
            #expect(
                problem { ($0.required_extensions, $0.required_extension_count) = (first, count) }
                    == "its required extensions cannot be read")
        }
    }

    @Test func refusesInvalidOptions() {
        #expect(problem(with: [option("")]) == "an option has no key")
        #expect(problem(with: [option("n", 77)]) == "option n has the unknown type 77")
        #expect(
            problem(with: [option("l", MARTLET_TYPE_LIST) { $0.element = 0 }]) == "option l has the unknown type 0")
        #expect(
            problem(with: [option("t", MARTLET_TYPE_TEXT) { $0.choice_count = 1 }])
                == "the choices of option t cannot be read")
        var nested = option("leaf")
        for depth in 0..<9 {
            let inner = permanent([nested])
            nested = option("level\(depth)", MARTLET_TYPE_TABLE) { ($0.children, $0.child_count) = (inner, 1) }
        }
        #expect(problem(with: [nested]) == "its options are nested too deeply")
    }
}
