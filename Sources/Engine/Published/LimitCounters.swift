import Telemetry

/// How often each limit was reached on one event loop, and on workers on its behalf.
package struct LimitCounters: ~Copyable {
    private let counters = InlineArray<24, Counter> { _ in Counter() }

    init() { assert(counters.count == Limit.allCases.count, "one counter for each limit") }

    package func hit(_ limit: Limit) { counters[limit.rawValue].addShared(1) }

    package subscript(limit: Limit) -> UInt64 { counters[limit.rawValue].value }
}
