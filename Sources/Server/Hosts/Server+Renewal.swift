import Engine
import Glibc
import HostInterface
import Instances
import Logging

/// Hosts that fresh ones replace while they live. On the control thread.
extension Server {
    /// Milliseconds until a former host is asked again for connections that were busy: at first, and at most.
    private static let (firstDelay, longestDelay): (UInt64, UInt64) = (10, 5_000)

    /// Replaces a host by a fresh one, in which its connections go on.
    func renew(_ name: String) throws(RenewalProblem) -> RenewalReport {
        guard let host = hosts.first(where: { $0.name == name }), host.successor == nil else {
            throw RenewalProblem("\(name): there is no such host; see: martlet processes")
        }
        guard !host.runtime.isOver, !isStopping else { throw RenewalProblem("\(name): the host is ending") }
        let report = try Renewal(self, host).run()
        logger.notice(
            "a fresh host runs the listeners",
            metadata: [
                "host": "\(name)", "moved": "\(report.moved)", "staying": "\(report.staying)",
                "milliseconds": "\(Int(report.milliseconds))", "pause_milliseconds": "\(Int(report.pauseMilliseconds))",
            ])
        return report
    }

    /// Renews the hosts in which more images stay mapped than `max_retired_images`. Those that could not be renewed are tried again after
    /// a while.
    func renewWornHosts() {
        for host in hosts where isWorn(host) && host.mayBeRenewed(every: Self.renewalNanoseconds) {
            do throws(RenewalProblem) {
                _ = try renew(host.name)
            } catch {
                logger.warning("the host is not renewed: \(error)", metadata: ["host": "\(host.name)"])
            }
        }
    }

    func isWorn(_ host: RunningHost) -> Bool {
        process.maximumRetiredImages > 0 && host.successor == nil && !host.runtime.isOver && !isStopping
            && host.runtime.report.retiredImages.count > process.maximumRetiredImages
    }

    private static let renewalNanoseconds: UInt64 = 60_000_000_000

    /// The places in the quotas that hosts have.
    var takenPlaces: Set<Int> { hostTable.withLock { Set($0.keys) }.union(earlierHosts.map(\.place)) }

    /// Lets one runtime take over the parked connections of another, which stands still meanwhile. They wait for their instances there.
    ///
    /// - Parameters:
    ///   - portion: see `Runtime.standStill`.
    ///   - attempts: how often the former one is asked to stand still. Each time its peers wait for some milliseconds.
    func takeOver(
        from former: any Runtime, to host: RunningHost, portion: Int? = nil, attempts: Int = 1
    ) throws(InheritanceProblem) -> (taken: SlotSet, isLast: Bool) {
        let runtime = host.runtime
        guard let estate = former.estate else {
            throw InheritanceProblem(text: "the host has no keepers, which would pass its connections on")
        }
        var standing = former.standStill(portion: portion)
        for _ in 1..<attempts where standing == nil {
            usleep(50_000)
            standing = former.standStill(portion: portion)
        }
        guard let standing else { throw InheritanceProblem(text: "the host does not stand still") }
        let files = estate.descriptors
        host.isBeingOffered = true
        let taken: SlotSet
        do throws(InheritanceProblem) {
            taken = try runtime.inherit(
                arena: files.arena, published: files.published, keepers: files.keepers, isAlive: true, hasOffered: true
            ).taken
        } catch {
            _ = former.goOn(without: nil)
            if !runtime.isOver { _ = runtime.endSuccession(stays: true) }
            host.isBeingOffered = runtime.isOver
            throw error
        }
        guard former.goOn(without: taken) else {
            _ = runtime.endSuccession(stays: true)
            host.isBeingOffered = runtime.isOver
            throw InheritanceProblem(text: "it took too long, and the host goes on as it was")
        }
        host.isBeingOffered = false
        return (taken, standing.isLast)
    }

    /// From here on, `host` is the fresh one, and `other` the former.
    func exchange(_ host: RunningHost, with other: RunningHost) {
        host.exchange(with: other)
        hostTable.withLock { ($0[host.place], $0[other.place]) = (host, other) }
        observe(host)
        observe(other)
    }

    // MARK: What has stayed

    /// Takes over the connections of a former host that were busy, again and again until it has none. Then it ends by itself.
    func follow(_ former: RunningHost, after delay: UInt64 = firstDelay) {
        control.run(after: delay, changes: false) { [weak self, weak former] in
            guard let self, let former, let host = former.successor, !isStopping, !former.runtime.isOver,
                hosts.contains(where: { $0 === former })
            else { return }
            if former.runtime.activity.connections > 0, !host.runtime.isOver { takeRest(of: former, to: host) }
            follow(former, after: min(delay * 2, Self.longestDelay))
        }
    }

    private func takeRest(of former: RunningHost, to host: RunningHost) {
        do throws(InheritanceProblem) {
            guard try takeOver(from: former.runtime, to: host).taken.count > 0 else { return }
            noteLosses(adopt(in: host, afterCrash: false), of: host)
        } catch {
            logger.debug("connections stay in the former host: \(error.text)", metadata: ["host": "\(host.name)"])
        }
    }

    /// Gives the connections that wait in a host to its listeners, and ends those that no listener wants.
    func adopt(in host: RunningHost, afterCrash: Bool) -> Succession {
        listeners.values.filter { $0.host === host && !$0.isStopping }.reduce(Succession()) {
            $0 + $1.current.instance.adopt(only: nil, afterCrash: afterCrash)
        } + host.runtime.endSuccession(stays: false)
    }

    /// Counts connections of a former host that did not survive the move.
    func noteLosses(_ succession: Succession, of host: RunningHost) {
        var losses = succession
        losses.adopted = 0
        if losses.lostCount > 0 { note(losses, of: host) }
    }

    /// A former host has died with the connections that it still had: they go on where the others are.
    func recoverRest(of former: RunningHost, to host: RunningHost) {
        if !host.runtime.isOver, let inherited = inherit(former, in: host.runtime) {
            note(inherited + adopt(in: host, afterCrash: true), of: host)
        }
        releaseEstate(of: former)
        former.isEnding.store(true, ordering: .relaxed)
        quotas.clear(former.place)
        hostTable.withLock { $0[former.place] = nil }
    }
}
