import HostInterface
import Instances

/// The calls of `RuntimeInstance`.
extension HostService {
    func handleInstanceCalls() {
        let table = table
        whenAsked(Start.self) { call in
            Outcome { () throws(InstanceRefusal) in
                try table.instance(call.instance).start(call.options)
                return Done()
            }
        }
        whenAsked(Adopt.self) { call in
            table.instance(call.instance).adopt(only: call.generation, afterCrash: call.afterCrash)
        }
        whenTold(MeasureCallbacks.self) { call in
            table.instance(call.instance).measureCallbacks(over: call.limit)
        }
        whenAsked(IsBusy.self) { call in table.instance(call.instance).isBusy }
        whenAsked(CanMigrate.self) { call in
            table.instance(call.instance).canMigrate(to: table.instance(call.other))
        }
        whenAsked(OldestConnection.self) { call in
            OldestConnection.Answer(seconds: table.instance(call.instance).oldestConnectionSeconds)
        }
        whenAsked(ListConnections.self) { call in
            table.instance(call.instance).connections(atMost: call.limit)
        }
        whenAsked(Migrate.self) { call in table.instance(call.instance).migrate(to: table.instance(call.other)) }
        whenAsked(FindStateTransfer.self) { call in
            table.instance(call.instance).stateTransfer(to: table.instance(call.other))
        }
        whenAsked(MoveState.self) { [self] call in
            Outcome { () throws(StateRefusal) in
                let move = try table.instance(call.instance).moveState(
                    to: table.instance(call.other), timeout: call.timeout)
                standstills.withLock { $0[call.instance] = .some(call.other) }
                return move
            }
        }
        whenAsked(SaveState.self) { [self] call, descriptors in
            Outcome { () throws(StateRefusal) in
                let move = try table.instance(call.instance).saveState(
                    to: descriptors.first ?? -1, timeout: call.timeout)
                standstills.withLock { $0[call.instance] = .some(nil) }
                return move
            }
        }
        whenAsked(RestoreState.self) { call, descriptors in
            Outcome { () throws(StateRefusal) in
                try table.instance(call.instance).restoreState(from: descriptors.first ?? -1, timeout: call.timeout)
                return Done()
            }
        }
        whenTold(EndStandstill.self) { [self] call in
            standstills.withLock { _ = $0.removeValue(forKey: call.instance) }
            table.instance(call.instance).endStandstill(with: call.other.map(table.instance))
        }
        whenTold(TellStateMoved.self) { call in table.instance(call.instance).tellStateMoved() }
        whenTold(PinSessions.self) { call in table.instance(call.instance).pinSessions() }
        whenTold(Drain.self) { call in table.instance(call.instance).drain() }
        whenAsked(Cut.self) { call in table.instance(call.instance).cut() }
        whenTold(Retire.self) { [weak self] call in
            table.instance(call.instance).retire { [self] in self?.tell(.drained(instance: call.instance)) }
        }
        whenAsked(End.self) { call in table.instance(call.instance).end() }
    }
}
