/// A function of a host that another process calls: its arguments, and the type of its answer. Both processes run the same program.
package protocol HostCall: Codable, Sendable {
    associatedtype Answer: Codable, Sendable = Done
    /// Where the host runs it.
    static var place: HostPlace { get }
}

extension HostCall {
    static var name: String { "\(Self.self)" }
    package static var place: HostPlace { .control }
}

/// Where a host runs a call.
package enum HostPlace: Sendable {
    /// On its control thread, after earlier calls.
    case control
    /// On the thread that receives calls: it waits for nothing.
    case receiver
    /// On a thread of its own, because it waits for a plugin.
    case own
}

/// The answer of a call that returns nothing.
package struct Done: Codable, Sendable {
    package init() {}
}

/// The answer of a call that may fail.
package enum Outcome<Value: Codable & Sendable, Failure: Error & Codable>: Codable, Sendable {
    case done(Value)
    case failed(Failure)

    init(_ body: () throws(Failure) -> Value) {
        do throws(Failure) {
            self = .done(try body())
        } catch {
            self = .failed(error)
        }
    }

    func get() throws(Failure) -> Value {
        switch self {
        case .done(let value): return value
        case .failed(let failure): throw failure
        }
    }
}

/// What a host says without being asked.
package enum HostEvent: Codable, Sendable {
    /// The last connection of a retired instance is gone.
    case drained(instance: Int)
    /// The set of stuck loops has changed; also every second while there is one.
    case stuck
}
