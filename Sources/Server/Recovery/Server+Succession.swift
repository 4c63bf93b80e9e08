import Engine
import HostInterface
import Logging

/// The connections of a host that has ended. On the control thread.
extension Server {
    /// Lets the next runtime of a host take over the connections of the one before. They wait there for their listeners. nil: there are none.
    func inherit(_ host: RunningHost, in runtime: any Runtime) -> Succession? {
        guard let estate = host.estate else { return nil }
        let files = estate.descriptors
        do throws(InheritanceProblem) {
            let inheritance = try runtime.inherit(
                arena: files.arena, published: files.published, keepers: files.keepers, isAlive: false,
                hasOffered: !host.isBeingOffered)
            // Before any plugin runs: with the keepers end the locks of the files that the plugins had opened. fcntl(2)
            estate.release(inheritance.keepers)
            host.estate = nil
            host.isBeingOffered = false
            return inheritance.succession
        } catch {
            // The next runtime tries again.
            if runtime.isOver { return nil }
            logger.error(
                "the connections of the host that has ended are lost: \(error.text)", metadata: ["host": "\(host.name)"]
            )
            releaseEstate(of: host)
            return nil
        }
    }

    func releaseEstate(of host: RunningHost) {
        host.estate?.release([])
        host.estate = nil
    }

    func note(_ succession: Succession, of host: RunningHost) {
        self.succession = self.succession + succession
        guard succession.adopted + succession.lostCount > 0 else { return }
        var metadata: Logger.Metadata = [
            "host": "\(host.name)", "adopted": "\(succession.adopted)", "lost": "\(succession.lostCount)",
        ]
        for (reason, count) in succession.lost where count > 0 { metadata["lost_\(reason.rawValue)"] = "\(count)" }
        logger.notice("connections go on in the new host", metadata: metadata)
    }
}
