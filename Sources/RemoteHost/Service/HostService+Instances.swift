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
        whenAsked(Adopt.self) { call in table.instance(call.instance).adopt(only: call.generation) }
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
        whenAsked(Migrate.self) { call in table.instance(call.instance).migrate(to: table.instance(call.other)) }
        whenAsked(FindStateTransfer.self) { call in
            table.instance(call.instance).stateTransfer(to: table.instance(call.other))
        }
        whenAsked(MoveState.self) { [self] call in
            Outcome { () throws(StateRefusal) in
                let move = try table.instance(call.instance).moveState(
                    to: table.instance(call.other), timeout: call.timeout)
                standstills.withLock { $0[call.instance] = call.other }
                return move
            }
        }
        whenTold(EndStandstill.self) { [self] call in
            standstills.withLock { $0[call.instance] = nil }
            table.instance(call.instance).endStandstill(with: table.instance(call.other))
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
