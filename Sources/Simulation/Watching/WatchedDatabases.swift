import CMartlet
import Engine
import Instances
import PluginABI

/// `martlet.database/1` as a plugin gets it in a simulation: an answer is a call of the plugin like any other.
enum WatchedDatabases {
    nonisolated(unsafe) static let pointer: UnsafePointer<martlet_databases> = {
        var table = server.pointee
        table.execute = { instance, call, commands, count in
            Question.ask(instance, call, nil) { server.pointee.execute(instance, $0, commands, count) }
        }
        table.transact = { instance, call, database, function in
            guard let function else { return MARTLET_ERROR_ARGUMENT }
            return Question.ask(instance, call, function) {
                server.pointee.transact(instance, $0, database, Question.transact)
            }
        }
        table.select = { instance, call, command, bytes in
            Question.ask(instance, call, nil) { server.pointee.select(instance, $0, command, bytes) }
        }
        table.next = { instance, call, cursor in
            Question.ask(instance, call, nil) { server.pointee.next(instance, $0, cursor) }
        }
        return permanent(table)
    }()
}

private var server: UnsafePointer<martlet_databases> { DatabaseFunctions.table }

/// What a plugin has asked of a database.
private final class Question {
    private let host: SimulatedHost
    private let function: martlet_transact?
    private let answered: martlet_answered?
    private let context: UnsafeMutableRawPointer?

    private init(_ host: SimulatedHost, _ call: martlet_database_call, _ function: martlet_transact?) {
        self.host = host
        self.function = function
        (answered, context) = (call.answered, call.context)
    }

    /// - Parameter body: asks the server.
    static func ask(
        _ instance: OpaquePointer?, _ call: UnsafePointer<martlet_database_call>?, _ function: martlet_transact?,
        _ body: (UnsafePointer<martlet_database_call>) -> martlet_result
    ) -> martlet_result {
        guard instance != nil, let call, var own = martlet_database_call.read(call) else {
            return MARTLET_ERROR_ARGUMENT
        }
        let question = Unmanaged.passRetained(Question(SimulatedHost.of(instance), own, function))
        own.size = UInt32(MemoryLayout<martlet_database_call>.size)
        (own.answered, own.context) = (answered, question.toOpaque())
        let result = body(&own)
        if result != MARTLET_OK { question.release() }
        return result
    }

    static let transact: martlet_transact = { transaction, question in
        let question = Unmanaged<Question>.fromOpaque(question!).takeUnretainedValue()
        question.host.begin(.transact, nil)
        return question.function!(transaction, question.context)
    }

    private static let answered: martlet_answered = { env, question, connection, session, answer in
        let question = Unmanaged<Question>.fromOpaque(question!).takeRetainedValue()
        guard let connection, let peer = SimulatedPeer.of(ConnectionPointer(connection)) else {
            question.host.begin(.delivery, nil)
            question.answered?(env, question.context, nil, nil, answer)
            return
        }
        callWatched(.delivery, env, session, peer) {
            question.answered?(env, question.context, connection, session, answer)
        }
    }
}
