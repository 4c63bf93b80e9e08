import CMartlet

/// Why a database has not done what it was asked for.
public struct DatabaseError: Error, Hashable, Sendable {
    /// What went wrong. A host that is newer than the plugin may have others.
    public struct Kind: RawRepresentable, Hashable, Sendable {
        /// `martlet_database_error`
        public let rawValue: UInt32
        /// - Parameter rawValue: `martlet_database_error`
        public init(rawValue: UInt32) { self.rawValue = rawValue }

        /// No connection was free in time, or the queue is full. It was not begun.
        public static let busy = Kind(rawValue: MARTLET_DATABASE_BUSY)
        /// It cannot be reached. If the connection was lost meanwhile, it may have been done.
        public static let away = Kind(rawValue: MARTLET_DATABASE_AWAY)
        /// A value breaks a rule of the schema: unique, not null, foreign key, check.
        public static let constraint = Kind(rawValue: MARTLET_DATABASE_CONSTRAINT)
        /// The statement is wrong, or names what is not there.
        public static let syntax = Kind(rawValue: MARTLET_DATABASE_SYNTAX)
        /// Another transaction was first, several times.
        public static let conflict = Kind(rawValue: MARTLET_DATABASE_CONFLICT)
        /// It can only be read now; or a query that writes.
        public static let readOnly = Kind(rawValue: MARTLET_DATABASE_READ_ONLY)
        /// No space is left.
        public static let full = Kind(rawValue: MARTLET_DATABASE_FULL)
        /// It took longer than `statement_timeout`, or than the time-out of the call.
        public static let timeout = Kind(rawValue: MARTLET_DATABASE_TIMEOUT)
        /// Transactions, ATTACH, PRAGMA and SET are the host's.
        public static let denied = Kind(rawValue: MARTLET_DATABASE_DENIED)
        /// The file or the answer of the server makes no sense.
        public static let damaged = Kind(rawValue: MARTLET_DATABASE_DAMAGED)
        /// The number of parameters, or their size.
        public static let parameter = Kind(rawValue: MARTLET_DATABASE_PARAMETER)
        /// The result has more bytes than `max_result`.
        public static let tooLarge = Kind(rawValue: MARTLET_DATABASE_TOO_LARGE)
        /// The host is ending.
        public static let stopping = Kind(rawValue: MARTLET_DATABASE_STOPPING)
        /// Anything else.
        public static let other = Kind(rawValue: MARTLET_DATABASE_OTHER)
        /// The body of a transaction has thrown something else.
        public static let undone = Kind(rawValue: MARTLET_DATABASE_UNDONE)
    }

    /// What went wrong.
    public var kind: Kind
    /// The database's own number; 0: none.
    public var code: Int32
    /// For people.
    public var message: String

    /// An error of the plugin's own, to undo a transaction with.
    ///
    /// - Parameters:
    ///   - kind: what went wrong.
    ///   - code: the database's own number; 0: none.
    ///   - message: for people.
    public init(_ kind: Kind, code: Int32 = 0, _ message: String) {
        (self.kind, self.code, self.message) = (kind, code, message)
    }

    /// nil: the answer has no error.
    init?(_ answer: UnsafePointer<martlet_answer>) {
        guard answer.pointee.error != MARTLET_DATABASE_OK else { return nil }
        self.init(
            Kind(rawValue: answer.pointee.error), code: answer.pointee.code, String(answer.pointee.message))
    }
}

extension DatabaseError: CustomStringConvertible {
    public var description: String { message }
}
