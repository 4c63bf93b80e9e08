import CMartlet

/// A session and its connection, in a completion or delivery. Valid until that returns: do not keep it. [loop]
public struct SessionAccess<P: Plugin> {
    /// Where output can be written, as in any callback.
    public let connection: Connection<P>

    /// The session, in place.
    public var session: P.Session {
        unsafeAddress { UnsafePointer(connection.header.session(P.Session.self)) }
        nonmutating unsafeMutableAddress { connection.header.session(P.Session.self) }
    }
}

/// Something to be run later, as the one pointer that crosses the border.
class Job {
    func work() {}
    func deliver(_ handle: OpaquePointer?, _ header: UnsafeMutablePointer<SessionHeader>?) {}

    static let work: martlet_work = { Unmanaged<Job>.fromOpaque($0!).takeUnretainedValue().work() }

    static let delivery: martlet_delivery = { context, handle, session in
        // The last that the host does with a job.
        Unmanaged<Job>.fromOpaque(context!).takeRetainedValue()
            .deliver(handle, session?.assumingMemoryBound(to: SessionHeader.self))
    }

    func access<P: Plugin>(
        _ handle: OpaquePointer?, _ header: UnsafeMutablePointer<SessionHeader>?, _: P.Type
    ) -> SessionAccess<P>? {
        guard let handle, let header else { return nil }
        return SessionAccess(connection: Connection(handle: handle, header: header))
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

    override func deliver(_ handle: OpaquePointer?, _ header: UnsafeMutablePointer<SessionHeader>?) {
        guard let answer else { return }
        done(answer, access(handle, header, P.self))
    }
}

final class DeliveryJob<P: Plugin>: Job {
    private let body: (SessionAccess<P>?) -> Void

    init(_ body: @escaping (SessionAccess<P>?) -> Void) { self.body = body }

    override func deliver(_ handle: OpaquePointer?, _ header: UnsafeMutablePointer<SessionHeader>?) {
        body(access(handle, header, P.self))
    }
}
