/// A connection to a database, with blocking calls. One thread uses it at a time. It is closed when the object is destroyed.
package protocol DatabaseSession: AnyObject {
    /// Runs a statement and reads all of its rows.
    ///
    /// - Parameter limit: the most bytes of a result. A larger one is `tooLarge`, and none of it is left to be read.
    func run(_ command: Command, resultLimit limit: Int) throws(DatabaseError) -> StatementResult

    func begin() throws(DatabaseError)
    func commit() throws(DatabaseError)
    /// Also where no transaction is open.
    func rollBack() throws(DatabaseError)

    /// Makes it as it was when it was new: no transaction, no locks, no variables.
    func reset() throws(DatabaseError)

    /// Asks whether the other end still answers.
    func check() throws(DatabaseError)

    /// It is of no use any more: the connection is lost, or in an unknown state.
    var isBroken: Bool { get }
}
