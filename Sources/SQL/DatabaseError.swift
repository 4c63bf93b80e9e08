/// Why a database has not done what it was asked for.
package struct DatabaseError: Error, Codable, Sendable, Equatable {
    package enum Class: UInt32, Codable, Sendable {
        /// No connection is free, or no place in the queue; or another program holds a lock for too long.
        case busy = 1
        /// The database cannot be reached. It may have done what it was asked for if the connection was lost meanwhile.
        case away = 2
        /// A value breaks a rule of the schema: unique, not null, foreign key, check.
        case constraint = 3
        /// The statement is wrong, or names what is not there.
        case syntax = 4
        /// A deadlock, or a change that another transaction has made first. The same transaction may succeed if it is tried again.
        case conflict = 5
        /// It can only be read now.
        case readOnly = 6
        /// No space is left.
        case full = 7
        /// It took longer than statement_timeout, or than the caller would wait.
        case timeout = 8
        /// The user of the pool may not do this.
        case denied = 9
        /// The file or the answer of the server makes no sense.
        case damaged = 10
        /// The parameters do not fit the statement: their number, or their size.
        case parameter = 11
        /// The result is larger than the pool allows.
        case tooLarge = 12
        /// The pool, or the server, is ending.
        case stopping = 13
        case other = 14
        /// The function of a transaction has asked for it: nothing was changed.
        case undone = 15
    }

    package var kind: Class
    /// The driver's own number: an extended result code of SQLite, an error number of MariaDB; 0: none.
    package var code: Int32
    package var text: String

    package init(_ kind: Class, code: Int32 = 0, _ text: String) {
        (self.kind, self.code, self.text) = (kind, code, text)
    }
}
