import Databases
import Glibc
import HostInterface
import Instances
import PluginHost
import Telemetry
import Users

/// The calls of `Runtime`, `RuntimeListener` and `RuntimeAddress`.
extension HostService {
    func handleRuntimeCalls() {
        let (runtime, table, log) = (runtime, table, log)
        whenAsked(Inherit.self) { call, descriptors in
            Outcome { () throws(InheritanceProblem) in
                guard descriptors.count == 3 else { throw InheritanceProblem(text: "there are descriptors missing") }
                // The caller closes its own.
                let copies = descriptors.prefix(2).map { fcntl($0, F_DUPFD_CLOEXEC, 0) }
                return try runtime.inherit(
                    arena: copies[0], published: copies[1], keepers: descriptors[2], isAlive: call.isAlive,
                    hasOffered: call.hasOffered)
            }
        }
        whenAsked(EndSuccession.self) { call in runtime.endSuccession(stays: call.stays) }
        whenAsked(StandStill.self) { call in runtime.standStill(portion: call.portion) }
        whenAsked(GoOn.self) { call in runtime.goOn(without: call.taken) }
        whenAsked(Load.self) { [self] call in
            Outcome { () throws(ImageRefusal) in
                let image = StagedImage(hash: call.hash, path: call.path, signer: nil)
                table.add(try runtime.load(image, call.plugin, file: call.file), as: call.image)
                return newObjects()
            }
        }
        whenTold(Publish.self) { call in runtime.publish(call.listeners.mapValues { table.listener($0) }) }
        whenAsked(OpenAddress.self) { call, descriptors in
            Outcome { () throws(ListenFailure) in
                let address = try runtime.open(
                    descriptors, shared: call.shared, call.description, name: call.name,
                    for: table.instance(call.instance))
                table.add(
                    HandleTable.Address(address: address, description: call.description, shared: call.shared),
                    as: call.address)
                return Done()
            }
        }
        whenAsked(PointSockets.self) { call in
            let addresses = zip(call.addresses, call.names).map { (address: table.address($0), name: $1) }
            return PointSockets.Answer(
                problem: runtime.point(addresses, at: SocketTarget(call.target, table), call.insistence))
        }
        whenAsked(CallOperation.self) { call in
            Outcome { () throws(OperationFailure) in
                try runtime.call(call.operation, call.arguments, of: table.instance(call.instance))
            }
        }
        whenTold(Apply.self) { call in runtime.apply(call.settings, resizingWorkers: call.resizingWorkers) }
        whenTold(BeginDraining.self) { _ in runtime.beginDraining() }
        whenTold(ChangeWorkers.self) { call in runtime.change(call.change) }
        whenAsked(AskDatabases.self) { call in
            runtime.databases(call.name.flatMap { name in call.change.map { (name, $0) } })
        }
        whenAsked(AskDatabase.self) { call in
            Outcome { () throws(DatabaseTaskProblem) in try runtime.askDatabase(call.name, call.question) }
        }
        whenAsked(AskUsers.self) { call in
            Outcome { () throws(UserProblem) in try runtime.users(call.question, in: call.database) }
        }
        whenAsked(FindStalls.self) { _ in runtime.findStalls() }
        whenAsked(UseLog.self) { _, descriptors in
            // The sink closes its own copy.
            let copy = descriptors.first.map { fcntl($0, F_DUPFD_CLOEXEC, 0) } ?? -1
            if copy >= 0 { log.sink.use(descriptor: copy) }
            return Done()
        }
        whenTold(Stop.self) { [self] _ in
            hasStopped.store(true, ordering: .relaxed)
            runtime.stop()
            log.flush()
        }
        whenTold(Release.self) { call in table.release(call.kind, call.handle) }
        handleListenerCalls()
        handleAddressCalls()
    }

    private func handleListenerCalls() {
        let (runtime, table) = (runtime, table)
        whenAsked(MakeListener.self) { call, descriptors in
            let copy = descriptors.first.map { fcntl($0, F_DUPFD_CLOEXEC, 0) } ?? -1
            let metrics = copy < 0 ? nil : try? MetricFile(sharing: copy)
            table.add(runtime.makeListener(connections: call.connections, metrics: metrics), as: call.listener)
            return Done()
        }
        whenAsked(MakeInstance.self) { call in
            Outcome { () throws(InstanceRefusal) in
                let instance = try table.listener(call.listener).makeInstance(
                    of: table.image(call.image), for: call.name, generation: call.generation, call.settings)
                table.add(instance, as: call.instance)
                return instance.place
            }
        }
        whenTold(SetLimits.self) { call in
            table.listener(call.listener).setLimits(connections: call.connections, workersShare: call.workersShare)
        }
        whenTold(SetSecurity.self) { call in table.listener(call.listener).setSecurity(call.material) }
    }

    private func handleAddressCalls() {
        let table = table
        whenTold(BeginAccepting.self) { call in table.address(call.address).beginAccepting() }
        whenTold(CoverLoops.self) { call in
            table.address(call.address).cover(call.stuck, name: call.name, SocketTarget(call.target, table))
        }
        whenTold(CloseAddress.self) { call in
            table.address(call.address).close()
            table.forget(address: call.address)
        }
    }
}

extension SocketTarget {
    init(_ target: Target, _ table: HandleTable) {
        self.init(
            current: table.instance(target.current), candidate: target.candidate.map(table.instance),
            share: target.share)
    }
}
