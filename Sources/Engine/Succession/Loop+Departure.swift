import CLinux
import CMartlet
import Glibc

/// Connections that go on in another process while this one lives. That process reads the arena while the loop stands still, and takes what
/// is parked.
extension LoopPointer {
    var chunkCount: Int { pointee.connections.chunkCount }

    /// Saves the sessions of parked connections, so that another process can restore them. One call handles one chunk of the pool.
    /// Returns the next piece; nil: this was the last.
    func saveForDeparture(piece: Int) -> Int? {
        inPiece(piece, of: nil) { connection in
            guard connection.pointee.place == .loop, connection.pointee.state.isParked,
                connection.pointee.state.hasSession, connection.links.pointee.binding.pointee.form == 0
            else { return }
            saveCheckpoint(connection)
        }
    }

    /// Lets go of the connections that another process has taken. One call handles one chunk of the pool. Returns the next piece; nil:
    /// this was the last.
    func depart(_ taken: SlotSet, piece: Int) -> Int? {
        inPiece(piece, of: nil) { connection in
            guard connection.pointee.place == .loop, connection.pointee.state.isParked else { return }
            guard !taken.contains(connection.id.slot) else { return depart(connection) }
            // What was saved only for this would be out of date after the next callback.
            let binding = connection.links.pointee.binding
            if binding.pointee.form == 0, binding.pointee.callbacks.state?.savesSessions != true {
                dropKept(connection)
            }
        }
    }

    /// Accepts nothing more: the other process does, from the same sockets.
    func leaveSockets() {
        for socket in pointee.sockets { socket.pointee.isLeft = true }
    }

    private func depart(_ connection: ConnectionPointer) {
        if connection.pointee.state.hasSession {
            let binding = connection.links.pointee.binding
            if binding.pointee.form == 0, let moved = binding.pointee.callbacks.state?.moved {
                context.pointee.running.pointee.begin(.moved, binding.pointee.label)
                moved(binding.pointee.env, connection.links.pointee.session, OpaquePointer(connection))
                context.pointee.running.pointee.end()
            }
            connection.pointee.state.take(.ended)
            dropSession(connection)
        }
        connection.counters.pointee.movedOut.add(1)
        // The socket stays open in the other process, so closing the descriptor would not end its events here. epoll(7)
        epoll_ctl(pointee.epoll, EPOLL_CTL_DEL, connection.pointee.descriptor, nil)
        letGo(connection, reset: false)
    }
}
