import Configuration
import Engine
import Threads

// The limits of a listener's file, in the types of the engine, which does not know the configuration.

extension ConnectionBounds {
    package init(_ limits: ConnectionLimits) {
        self.init(
            maximumInput: limits.maximumInput, outputHighWater: limits.outputHighWater,
            outputLowWater: limits.outputLowWater)
        handshakeTimeoutMilliseconds = limits.handshakeTimeout.milliseconds
        firstByteTimeoutMilliseconds = limits.firstByteTimeout.milliseconds
        idleTimeoutMilliseconds = limits.idleTimeout.milliseconds
        requestTimeoutMilliseconds = limits.requestTimeout.milliseconds
        requestMinimumRate = UInt64(limits.requestMinimumRate)
        writeTimeoutMilliseconds = limits.writeTimeout.milliseconds
        lifetimeMilliseconds = limits.lifetime.milliseconds
        requestWaitMilliseconds = limits.requestWait.milliseconds
    }
}

extension FaultPolicy {
    package init(of limits: ConnectionLimits) {
        self.init(limit: limits.faultLimit, window: limits.faultWindow.nanoseconds, share: limits.faultShare)
    }
}

extension AdmissionRules {
    package init(_ limits: ConnectionLimits, _ policy: AccessPolicy) {
        self.init()
        refuses = limits.onLimit == .refuse
        connectionsPerAddress = limits.connectionsPerAddress
        connectionsPerNetwork = limits.connectionsPerNetwork
        acceptRate = RateLimit(perSecond: limits.acceptRate, burst: limits.acceptBurst)
        requestRate = RateLimit(perSecond: limits.requestRate, burst: limits.requestBurst)
        // The first of two equal ranges decides, so `deny` comes first.
        for range in policy.deny { access.add(range.bytes, length: range.length, false) }
        for range in policy.allow { access.add(range.bytes, length: range.length, true) }
        allowsOthers = policy.allow.isEmpty
        for range in policy.proxies { proxies.add(range.bytes, length: range.length, true) }
    }
}
