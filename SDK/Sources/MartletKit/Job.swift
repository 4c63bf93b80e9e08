import CMartlet

/// A session and its connection, in a completion or delivery. Valid until the completion or delivery returns: do not keep it. [loop]
public struct SessionAccess<P: Plugin> {
    /// The connection; output can be written as in any callback.
    public let connection: Connection<P>
    let place: UnsafeMutablePointer<P.Session>

    /// The session, in place.
    public var session: P.Session {
        unsafeAddress { UnsafePointer(place) }
        nonmutating unsafeMutableAddress { place }
    }

    /// nil: the connection is gone.
    init?(_ env: UnsafePointer<martlet_env>, _ handle: OpaquePointer?, _ session: UnsafeMutableRawPointer?) {
        guard let handle, let session else { return nil }
        connection = Connection(handle: handle, env: env)
        place = session.assumingMemoryBound(to: P.Session.self)
    }
}

/// Something to run later. Its address is the one pointer that the host passes back.
class Job {
    func work() {}
    func deliver(
        _ env: UnsafePointer<martlet_env>, _ handle: OpaquePointer?, _ session: UnsafeMutableRawPointer?
    ) {}

    static let work: martlet_work = { Unmanaged<Job>.fromOpaque($0!).takeUnretainedValue().work() }

    static let delivery: martlet_delivery = { env, context, handle, session in
        // This is the host's last call for a job: the reference is released here.
        Unmanaged<Job>.fromOpaque(context!).takeRetainedValue().deliver(env!, handle, session)
    }
}

final class WorkJob<P: Plugin, Answer>: Job {
    private let body: () -> Answer
    private let done: (Answer, SessionAccess<P>?) -> Void
    private var answer: Answer?

    init(work: @escaping () -> Answer, done: @escaping (Answer, SessionAccess<P>?) -> Void) {
        body = work
        self.done = done
    }

    override func work() { answer = body() }

    override func deliver(
        _ env: UnsafePointer<martlet_env>, _ handle: OpaquePointer?, _ session: UnsafeMutableRawPointer?
    ) {
        guard let answer else { return }
        done(answer, SessionAccess(env, handle, session))
    }
}

final class DeliveryJob<P: Plugin>: Job {
    private let body: (SessionAccess<P>?) -> Void

    init(_ body: @escaping (SessionAccess<P>?) -> Void) { self.body = body }

    override func deliver(
        _ env: UnsafePointer<martlet_env>, _ handle: OpaquePointer?, _ session: UnsafeMutableRawPointer?
    ) {
        body(SessionAccess(env, handle, session))
    }
}
