import Engine
import HostInterface
import Instances

// The functions of `RuntimeInstance`.

struct Start: HostCall {
    typealias Answer = Outcome<Done, InstanceRefusal>
    var instance: Int
    var options: OptionValue
}

struct Adopt: HostCall {
    typealias Answer = Succession
    var instance: Int
    var generation: Int?
    var afterCrash: Bool
}

struct MeasureCallbacks: HostCall {
    var instance: Int
    var limit: Duration
}

struct IsBusy: HostCall {
    typealias Answer = Bool
    static var place: HostPlace { .receiver }
    var instance: Int
}

struct CanMigrate: HostCall {
    typealias Answer = Bool
    static var place: HostPlace { .receiver }
    var instance: Int
    var other: Int
}

struct OldestConnection: HostCall {
    struct Answer: Codable, Sendable {
        var seconds: Double?
    }

    var instance: Int
}

struct ListConnections: HostCall {
    typealias Answer = ConnectionList
    var instance: Int
    var limit: Int
}

struct Migrate: HostCall {
    typealias Answer = SessionMoves
    var instance: Int
    var other: Int
}

struct FindStateTransfer: HostCall {
    typealias Answer = StateTransfer
    static var place: HostPlace { .receiver }
    var instance: Int
    var other: Int
}

struct MoveState: HostCall {
    typealias Answer = Outcome<StateMove, StateRefusal>
    var instance: Int
    var other: Int
    var timeout: Duration
}

struct EndStandstill: HostCall {
    var instance: Int
    var other: Int?
}

/// The descriptor of the file comes with the call.
struct SaveState: HostCall {
    typealias Answer = Outcome<StateMove, StateRefusal>
    var instance: Int
    var timeout: Duration
}

/// The descriptor of the file comes with the call.
struct RestoreState: HostCall {
    typealias Answer = Outcome<Done, StateRefusal>
    var instance: Int
    var timeout: Duration
}

struct TellStateMoved: HostCall {
    var instance: Int
}

struct PinSessions: HostCall {
    var instance: Int
}

struct Drain: HostCall {
    var instance: Int
}

struct Cut: HostCall {
    typealias Answer = Int
    var instance: Int
}

struct Retire: HostCall {
    var instance: Int
}

struct End: HostCall {
    typealias Answer = PluginInstance.Ending
    var instance: Int
}
