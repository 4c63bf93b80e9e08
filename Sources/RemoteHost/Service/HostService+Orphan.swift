import Glibc
import HostInterface
import HostLink
import Threads

/// A host that has lost its control side.
extension HostService {
    func handleOrphanCalls() {
        let (table, runtime) = (table, runtime)
        whenAskedForDescriptors(TakeOver.self) { [self] _ in
            let addresses = table.addresses.map { handle, entry in
                TakeOver.Answer.Address(handle: handle, description: entry.description, shared: entry.shared)
            }
            let answer = TakeOver.Answer(pid: getpid(), name: begin.name, place: begin.place, addresses: addresses)
            return (answer, [quotas.descriptor, runtime.publishedFile] + locks)
        }
        whenAskedForDescriptors(TakeSockets.self) { call in (Done(), table.address(call.address).descriptors) }
        whenTold(LetGo.self) { [self] _ in
            for handle in table.addresses.keys {
                table.address(handle).close()
                table.forget(address: handle)
            }
            endWithLastConnection()
        }
    }

    /// Ends this process when nothing is left to do.
    private func endWithLastConnection() {
        control.run(after: 100) { [self] in
            guard !runtime.activity.isNone else {
                log.logger.info(
                    "the last connection of an earlier server has ended", metadata: ["host": "\(begin.name)"])
                log.flush()
                _exit(0)
            }
            endWithLastConnection()
        }
    }
}
