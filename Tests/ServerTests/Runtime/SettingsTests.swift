import Engine
import FoundationEssentials
import HostInterface
import Instances
import Testing

/// The settings that the control side passes to the side that runs plugins, which may be another process.
@Suite struct SettingsTests {
    @Test func thoseOfAnInstanceArriveUnchanged() throws {
        var rules = AdmissionRules()
        rules.refuses = true
        rules.connectionsPerAddress = 7
        rules.acceptRate = RateLimit(perSecond: 100, burst: 20)
        rules.access.add([10, 0, 0, 0], length: 8, true)
        rules.access.add([10, 1, 2, 3], length: 32, false)
        rules.proxies.add([0xFD] + [UInt8](repeating: 0, count: 14) + [0xFF], length: 128, true)
        rules.allowsOthers = false
        var limits = ConnectionBounds(maximumInput: 1 << 20, outputHighWater: 3 << 20, outputLowWater: 1 << 10)
        limits.idleTimeoutMilliseconds = .max
        let settings = InstanceSettings(
            limits: limits, rules: rules, faults: FaultPolicy(limit: 3, window: 5, share: 0.25), usesWorkers: true,
            callbackWarningNanoseconds: 1, callNanoseconds: 2, logLinesPerSecond: 3, metricSeries: 4, hangNanoseconds: 5
        )
        let bytes = try JSONEncoder().encode(settings)
        #expect(try JSONDecoder().decode(InstanceSettings.self, from: bytes) == settings)
    }

    @Test func thoseOfARuntimeArriveUnchanged() throws {
        var engine = EngineSettings(
            loopCount: 3, workers: WorkerSettings(minimum: 1, maximum: 9, queueLimit: 100), maximumConnections: 1_000,
            maximumBufferMemory: 1 << 40)
        engine.processors = [0, 2]
        let settings = RuntimeSettings(engine: engine, workerWarningNanoseconds: .max, logLevel: .error)
        let bytes = try JSONEncoder().encode(settings)
        #expect(try JSONDecoder().decode(RuntimeSettings.self, from: bytes) == settings)
    }
}
