import MartletKitTesting

extension Client {
    /// Moves the session to another instance, as a reload does, at once or after a later callback. The other client then
    /// has the connection.
    func move(to other: Client) -> SimulatedConnection.Move {
        let move = connection.migrate(to: other.host)
        if move != .stays { other.connection = connection }
        return move
    }
}
