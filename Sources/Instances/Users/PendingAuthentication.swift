import CMartlet
import Engine
import Users

/// A function of a plugin that waits for what comes of a message, and then that, on its way to the loop.
///
/// The thread of the users sets the outcome before it sends the delivery, which is when the loop reads it.
final class PendingAuthentication: @unchecked Sendable {
    private let function: martlet_authenticated
    private let context: UnsafeMutableRawPointer?
    private var outcome = Authentication.denied(name: nil)

    init(_ function: @escaping martlet_authenticated, _ context: UnsafeMutableRawPointer?) {
        (self.function, self.context) = (function, context)
    }

    func set(_ outcome: Authentication) { self.outcome = outcome }

    /// Gets the object as its context, retained.
    static let delivery: martlet_delivery = { env, context, connection, session in
        let pending = Unmanaged<PendingAuthentication>.fromOpaque(context!).takeRetainedValue()
        if let connection = ConnectionPointer(handle: connection), case .done(let user, _) = pending.outcome {
            connection.setPrincipal(user.name)
        }
        pending.call(env!, connection, session)
    }

    private func call(
        _ env: UnsafePointer<martlet_env>, _ connection: OpaquePointer?, _ session: UnsafeMutableRawPointer?
    ) {
        var answer = martlet_authentication_answer()
        answer.size = UInt32(MemoryLayout<martlet_authentication_answer>.size)
        var bytes: [UInt8] = []
        var user: User?
        switch outcome {
        case .done(let known, let message):
            (answer.outcome, bytes, user) = (MARTLET_AUTHENTICATION_DONE, message, known)
        case .goesOn(let message): (answer.outcome, bytes) = (MARTLET_AUTHENTICATION_CONTINUE, message)
        case .denied: answer.outcome = MARTLET_AUTHENTICATION_DENIED
        case .limited: answer.outcome = MARTLET_AUTHENTICATION_LIMITED
        case .away: answer.outcome = MARTLET_AUTHENTICATION_AWAY
        case .malformed: answer.outcome = MARTLET_AUTHENTICATION_MALFORMED
        }
        bytes.withUnsafeBytes { bytes in
            answer.data = martlet_text(
                data: bytes.baseAddress?.assumingMemoryBound(to: CChar.self), length: bytes.count)
            guard let user else { return function(env, context, connection, session, &answer) }
            user.withABI {
                answer.user = $0
                function(env, context, connection, session, &answer)
            }
        }
    }
}

extension User {
    /// The struct is there until `body` returns.
    fileprivate func withABI(_ body: (UnsafePointer<martlet_user>) -> Void) {
        // All texts in one block, because closures would have to be nested.
        let texts = [name] + prefixes
        let block = Array(texts.joined().utf8)
        block.withUnsafeBytes { block in
            var views: [martlet_text] = []
            var start = 0
            for text in texts {
                let count = text.utf8.count
                let part = count == 0 ? nil : block.baseAddress! + start
                views.append(martlet_text(data: part?.assumingMemoryBound(to: CChar.self), length: count))
                start += count
            }
            var user = martlet_user()
            user.size = UInt32(MemoryLayout<martlet_user>.size)
            user.rights = isReadOnly ? MARTLET_USER_READ_ONLY : 0
            user.name = views[0]
            views.withUnsafeBufferPointer { views in
                user.prefix_count = views.count - 1
                user.prefixes = views.count > 1 ? views.baseAddress! + 1 : nil
                body(&user)
            }
        }
    }
}
