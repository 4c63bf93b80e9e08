import CMartlet
import PluginABI
import Testing

@testable import Instances
@testable import PluginHost

/// What a descriptor may declare about the memory of its sessions.
@Suite struct SessionLayoutTests {
    private func layout(_ change: (inout martlet_plugin) -> Void) throws(SizedStructProblem) -> SessionLayout {
        var plugin = SwiftPlugin.minimal()
        change(&plugin)
        guard let callbacks = try SessionCallbacks(plugin) else { throw SizedStructProblem("not for streams") }
        return callbacks.layout
    }

    private func problem(_ change: (inout martlet_plugin) -> Void) -> String? {
        do throws(SizedStructProblem) {
            _ = try layout(change)
            return nil
        } catch {
            return error.text
        }
    }

    private func plain(_ name: String, size: Int = 24, alignment: Int = 8) throws -> SessionLayout {
        try layout {
            $0.flags = MARTLET_PLUGIN_PLAIN_SESSIONS
            ($0.session_size, $0.session_align) = (size, alignment)
            $0.session_layout = permanentText(name)
        }
    }

    @Test func withoutASizeThePluginMakesItsSessions() throws {
        let layout = try layout { _ in }
        #expect(layout.size == 0 && layout.plainName == nil)
    }

    @Test(arguments: [1, 24, 65_536]) func aSizeUpToTheLimitIsAccepted(size: Int) throws {
        #expect(try layout { $0.session_size = size }.size == size)
    }

    @Test(arguments: [65_537, Int.max, -1]) func aLargerSizeIsRefused(size: Int) {
        #expect(
            problem { $0.session_size = size }
                == "its session_size is \(UInt(bitPattern: size)), expected at most 65536")
    }

    @Test func theDefaultAlignmentIsSixteen() throws {
        #expect(try layout { $0.session_size = 8 }.alignment == 16)
        for alignment in [1, 2, 4, 8, 16, 32, 64] {
            #expect(try layout { ($0.session_size, $0.session_align) = (8, alignment) }.alignment == alignment)
        }
    }

    @Test(arguments: [3, 24, 65, 128, Int.min, -1]) func anInvalidAlignmentIsRefused(alignment: Int) {
        #expect(
            problem { ($0.session_size, $0.session_align) = (8, alignment) }
                == "its session_align is \(UInt(bitPattern: alignment)), expected a power of two, at most 64")
    }

    @Test func plainSessionsNeedASizeAndALayout() throws {
        let message = "it has MARTLET_PLUGIN_PLAIN_SESSIONS, which needs a session_size and a session_layout"
        #expect(problem { $0.flags = MARTLET_PLUGIN_PLAIN_SESSIONS } == message)
        #expect(problem { ($0.flags, $0.session_size) = (MARTLET_PLUGIN_PLAIN_SESSIONS, 8) } == message)
        #expect(
            problem {
                ($0.flags, $0.session_layout) = (MARTLET_PLUGIN_PLAIN_SESSIONS, permanentText("echo.session/1"))
            } == message)
        #expect(try plain("echo.session/1").plainName == "echo.session/1")
    }

    @Test func aLayoutWithoutTheFlagMeansNothing() throws {
        let layout = try layout { ($0.session_size, $0.session_layout) = (8, permanentText("echo.session/1")) }
        #expect(layout.plainName == nil)
        #expect(!layout.isSamePlain(as: layout))
    }

    @Test func plainSessionsAreTheSameWithTheSameSizeAlignmentAndName() throws {
        let own = try plain("a/1")
        #expect(own.isSamePlain(as: try plain("a/1")))
        for other in [try plain("a/2"), try plain("a/1", size: 32), try plain("a/1", alignment: 4)] {
            #expect(!own.isSamePlain(as: other) && !other.isSamePlain(as: own))
        }
    }
}
