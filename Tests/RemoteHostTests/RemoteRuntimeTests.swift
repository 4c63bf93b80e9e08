import Engine
import Glibc
import Host
import HostInterface
import HostLink
import Instances
import Synchronization
import Telemetry
import Testing
import Threads

@testable import RemoteHost

/// A runtime behind a channel, whose host is a thread of this process.
@Suite struct RemoteRuntimeTests {
    private let settings = RuntimeSettings(
        engine: EngineSettings(
            loopCount: 2, workers: WorkerSettings(minimum: 1, maximum: 4, queueLimit: 10), maximumConnections: 100,
            maximumBufferMemory: 1 << 20),
        workerWarningNanoseconds: 0, logLevel: .critical)

    private func log() throws -> ProcessLog { try ProcessLog(LogSink(format: .text), level: .critical) }

    /// A host that serves its end of the channel.
    private func runtime() throws -> RemoteRuntime {
        let (control, host) = try Channel.pair()
        try NamedThread(name: "host") {
            do {
                try HostService.run(on: host) { settings, control, log, quotas throws(SystemError) in
                    try EngineRuntime(settings, control, log, quotas: quotas)
                }
            } catch {
                Issue.record("the host has not begun: \(error)")
            }
        }.detach()
        return try RemoteRuntime(settings, over: control, log(), (SharedQuotas(), 0))
    }

    @Test func publishesAndReportsWhatTheHostDoes() throws {
        let runtime = try runtime()
        #expect(runtime.loopCount == 2)
        #expect(runtime.pages.loops.count == 2)
        #expect(runtime.report.loops.map(\.index) == [0, 1])
        #expect(runtime.report.process?.pid == nil, "it is in this process")
        #expect(runtime.stuckLoops == [:])
        #expect(runtime.activity.connections == 0)
        runtime.change(.resize(minimum: 2, maximum: 3))
        #expect(runtime.report.workers.maximum == 3)
        var changed = settings
        changed.engine.workers.maximum = 4
        runtime.apply(changed, resizingWorkers: true)
        #expect(runtime.report.workers.maximum == 4)
        runtime.stop()
    }

    @Test func aHostThatIsAskedToStopHasNotCrashed() throws {
        let runtime = try runtime()
        let count = Count()
        runtime.onEnd { _ in count.add() }
        runtime.stop()
        #expect(runtime.connection.isOver)
        #expect(count.value == 0)
    }

    @Test func whoIsTooLateToAskLearnsOfTheEndAtOnce() throws {
        let (control, host) = try Channel.pair()
        let peer = try ScriptedHost(host)
        let runtime = try RemoteRuntime(settings, over: control, log(), (SharedQuotas(), 0))
        peer.leave()
        try waitUntil("it is over") { runtime.connection.isOver }
        let told = Reply<RuntimeEnd>()
        runtime.onEnd { told.set($0) }
        let end = try #require(told.wait(until: .after(milliseconds: 10_000)))
        #expect(end.cause == "it has closed the channel" && end.crash == nil)
    }

    @Test func callsOfAHostThatHasEndedFailAtOnce() throws {
        let (control, host) = try Channel.pair()
        let peer = try ScriptedHost(host)
        let runtime = try RemoteRuntime(settings, over: control, log(), (SharedQuotas(), 0))
        let listener = runtime.makeListener(connections: 0, metrics: nil)
        peer.leave()
        try waitUntil("it is over") { runtime.connection.isOver }
        #expect(throws: HostSilence.self) { _ = try runtime.call(Cut(instance: 1)) }
        #expect(runtime.activity.isNone && runtime.stuckLoops.isEmpty)
        withExtendedLifetime(listener) {}
    }

    /// What waits for an answer does not wait for longer than the host lives.
    @Test func theEndOfAHostAnswersACallThatIsOutstanding() throws {
        let (control, host) = try Channel.pair()
        let peer = try ScriptedHost(host)
        let runtime = try RemoteRuntime(settings, over: control, log(), (SharedQuotas(), 0))
        let failure = Reply<Bool>()
        try NamedThread(name: "caller") {
            do throws(HostSilence) {
                _ = try runtime.call(Cut(instance: 1))
                failure.set(false)
            } catch {
                failure.set(!error.isLate)
            }
        }.detach()
        peer.waitForCall(Cut.name)
        peer.leave()
        #expect(failure.wait(until: .after(milliseconds: 10_000)) == true)
    }

    @Test func aHostThatDoesNotAnswerIsEnded() throws {
        let (control, host) = try Channel.pair()
        let peer = try ScriptedHost(host)
        let runtime = try RemoteRuntime(settings, over: control, log(), (SharedQuotas(), 0))
        #expect(throws: HostSilence.self) {
            _ = try runtime.connection.call(Cut(instance: 1), by: .after(milliseconds: 10))
        }
        try waitUntil("it is ended") { runtime.connection.isOver }
        withExtendedLifetime(peer) {}
    }

    /// One question waits, and those that follow do not.
    @Test func aHostThatIsBusyIsNotEndedForAQuestion() throws {
        let (control, host) = try Channel.pair()
        let peer = try ScriptedHost(host)
        let runtime = try RemoteRuntime(settings, over: control, log(), (SharedQuotas(), 0))
        let began = readMonotonicClock()
        for _ in 0..<100 { #expect(runtime.ask(IsBusy(instance: 1)) == nil) }
        #expect(readMonotonicClock() - began < 10_000_000_000)
        #expect(!runtime.isOver)
        withExtendedLifetime(peer) {}
    }

    @Test func aHostThatCannotBeginIsAProblem() throws {
        let (control, host) = try Channel.pair()
        host.shutDown()
        #expect(throws: HostProblem.self) { _ = try RemoteRuntime(settings, over: control, log(), (SharedQuotas(), 0)) }
    }

    @Test func aProgramThatIsNotThereIsAProblem() throws {
        #expect(throws: HostProblem.self) {
            _ = try RemoteRuntime(
                settings, executable: "/nowhere/martlet", log(), name: "", directory: "/tmp", locks: [],
                quotas: (SharedQuotas(), 0))
        }
    }
}

private final class Count: Sendable {
    private let number = Atomic<Int>(0)
    func add() { number.wrappingAdd(1, ordering: .relaxed) }
    var value: Int { number.load(ordering: .relaxed) }
}

/// The other end of a channel, which answers only the first call.
private final class ScriptedHost: Sendable {
    private let channel: Channel
    private let pages: PublishedPages
    private let calls = Mutex<[String]>([])

    init(_ channel: Channel) throws {
        self.channel = channel
        pages = try PublishedPages(loopCount: 1, isInFile: true)
        try NamedThread(name: "scripted") { [self] in
            while let message = try? channel.receive(), let packet = Packet(message.bytes) {
                for descriptor in message.descriptors { close(descriptor) }
                calls.withLock { $0.append(packet.name) }
                guard packet.name == Begin.name else { continue }
                let answer = Packet(.answer, packet.number, Begin.Answer(loopCount: 1, objects: []))
                try? channel.send(
                    Channel.Message(answer.bytes, descriptors: [pages.descriptor, pages.descriptor]),
                    by: .after(milliseconds: 1_000))
            }
        }.detach()
    }

    func leave() { channel.shutDown() }

    func waitForCall(_ name: String) {
        while !calls.withLock({ $0.contains(name) }) { poll(nil, 0, 1) }
    }
}

/// Waits for a condition, for at most ten seconds.
private func waitUntil(_ what: String, _ condition: () -> Bool) throws {
    let end = Deadline.after(milliseconds: 10_000)
    while !condition() {
        try #require(!end.isOver, "\(what)")
        poll(nil, 0, 1)
    }
}
