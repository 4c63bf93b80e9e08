import Databases
import Engine
import HostInterface
import Instances
import PluginHost
import TLS
import Telemetry
import Users

// The functions of `Runtime`. A handle is a number that the caller has chosen.

/// The first call, with descriptors: the page of the quotas, then, each if there is one, the socket to the keepers, the log file and the
/// socket of the rendezvous, then locks to keep. Its answer comes with the descriptors of the published pages and of the arena.
struct Begin: HostCall {
    struct Answer: Codable, Sendable {
        var loopCount: Int
        var objects: [MappedObject]
    }

    var settings: RuntimeSettings
    /// Raw value of `LogFormat`.
    var logFormat: String
    /// The host starts them.
    var hasKeepers: Bool
    /// false: the log is standard error.
    var hasLogFile: Bool
    /// How long the host waits for another control side when this one has ended, in nanoseconds; 0: it ends too, and has no rendezvous.
    var orphanNanoseconds: UInt64
    /// The user of the control side.
    var owner: UInt32
    /// Of the host.
    var name: String
    /// Its place in the quotas.
    var place: Int
}

/// With the descriptors of the arena, of the published pages and of the socket to the keepers.
struct Inherit: HostCall {
    typealias Answer = Outcome<Inheritance, InheritanceProblem>
    var isAlive: Bool
    var hasOffered: Bool
}

struct EndSuccession: HostCall {
    typealias Answer = Succession
    var stays: Bool
}

struct StandStill: HostCall {
    typealias Answer = EngineStandstill.Standing?
    var portion: Int?
}

struct GoOn: HostCall {
    typealias Answer = Bool
    var taken: SlotSet?
}

struct Load: HostCall {
    /// What the process has mapped since the last answer.
    typealias Answer = Outcome<[MappedObject], ImageRefusal>
    var image: Int
    var hash: String
    var path: String
    var plugin: PluginDescription
    var file: String
}

/// The descriptor of the file of its metrics comes with the call, if there is one.
struct MakeListener: HostCall {
    var listener: Int
    var connections: Int
}

struct Publish: HostCall {
    var listeners: [String: Int]
}

/// The descriptors come with the call.
struct OpenAddress: HostCall {
    typealias Answer = Outcome<Done, ListenFailure>
    var address: Int
    var description: AddressDescription
    var shared: Bool
    var name: String
    var instance: Int
}

struct PointSockets: HostCall {
    struct Answer: Codable, Sendable {
        var problem: String?
    }

    var addresses: [Int]
    /// Of their endpoints.
    var names: [String]
    var target: Target
    var insistence: Insistence
}

/// `SocketTarget`
struct Target: Codable, Sendable {
    var current: Int
    var candidate: Int?
    var share: Int
}

struct CallOperation: HostCall {
    typealias Answer = Outcome<OperationReport, OperationFailure>
    static var place: HostPlace { .own }
    var operation: String
    var arguments: [String]
    var instance: Int
}

struct Apply: HostCall {
    var settings: RuntimeSettings
    var resizingWorkers: Bool
}

struct BeginDraining: HostCall {
    static var place: HostPlace { .receiver }
}

struct ChangeWorkers: HostCall {
    static var place: HostPlace { .receiver }
    var change: WorkersChange
}

struct AskDatabases: HostCall {
    typealias Answer = [DatabaseReport]
    static var place: HostPlace { .own }
    var name: String?
    var change: DatabaseChange?
}

struct AskDatabase: HostCall {
    typealias Answer = Outcome<DatabaseTaskReport?, DatabaseTaskProblem>
    static var place: HostPlace { .own }
    var name: String
    var question: DatabaseTaskQuestion
}

struct AskUsers: HostCall {
    typealias Answer = Outcome<[UserRecord]?, UserProblem>
    static var place: HostPlace { .own }
    var database: String
    var question: UserQuestion
}

struct FindStalls: HostCall {
    typealias Answer = [String]
    static var place: HostPlace { .own }
}

/// The descriptor of the file comes with the call.
struct UseLog: HostCall {
    static var place: HostPlace { .receiver }
}

struct Stop: HostCall {
    static var place: HostPlace { .own }
}

/// The caller no longer has this handle.
struct Release: HostCall {
    enum Kind: String, Codable, Sendable { case image, listener, instance, address }
    var kind: Kind
    var handle: Int
}

// The functions of `RuntimeListener`.

struct MakeInstance: HostCall {
    typealias Answer = Outcome<PublishedPlace, InstanceRefusal>
    var instance: Int
    var listener: Int
    var image: Int
    var name: String
    var generation: Int
    var settings: InstanceSettings
}

struct SetLimits: HostCall {
    var listener: Int
    var connections: Int
    var workersShare: Int
}

struct SetSecurity: HostCall {
    var listener: Int
    var material: TLSMaterial?
}

// The functions of `RuntimeAddress`.

struct BeginAccepting: HostCall {
    var address: Int
}

struct CoverLoops: HostCall {
    var address: Int
    var stuck: Set<Int>
    var name: String
    var target: Target
}

struct CloseAddress: HostCall {
    var address: Int
}
