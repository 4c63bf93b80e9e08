import CMariaDB
import SQL

extension DatabaseError {
    /// https://mariadb.com/kb/en/mariadb-error-code-reference/
    ///
    /// - Parameters:
    ///   - number: of the server below 2000 and from 3000, of libmariadb between them and from 5000.
    ///   - task: what was tried.
    init(mariaDB number: UInt32, _ text: String, doing task: String) {
        let code = Int32(clamping: number)
        let note = code == ER_LOCK_WAIT_TIMEOUT ? " (another transaction has held a lock for too long)" : ""
        self.init(Self.kind(of: code, text), code: code, "\(task): \(text)\(note)")
    }

    private static func kind(of code: Int32, _ text: String) -> Class {
        switch code {
        case ER_DUP_ENTRY, ER_DUP_ENTRY_WITH_KEY_NAME, ER_DUP_KEY, ER_DUP_UNIQUE, ER_BAD_NULL_ERROR,
            ER_NO_DEFAULT_FOR_FIELD,
            ER_NO_REFERENCED_ROW, ER_NO_REFERENCED_ROW_2, ER_ROW_IS_REFERENCED, ER_ROW_IS_REFERENCED_2,
            ER_CONSTRAINT_FAILED,
            ER_DATA_TOO_LONG, ER_DATA_OUT_OF_RANGE, ER_WARN_DATA_OUT_OF_RANGE, ER_TRUNCATED_WRONG_VALUE,
            ER_TRUNCATED_WRONG_VALUE_FOR_FIELD, ER_WARN_NULL_TO_NOTNULL, WARN_DATA_TRUNCATED, ER_ILLEGAL_VALUE_FOR_TYPE,
            ER_ROW_DOES_NOT_MATCH_GIVEN_PARTITION_SET, ER_SIGNAL_EXCEPTION:
            .constraint
        case ER_PARSE_ERROR, ER_SYNTAX_ERROR, ER_EMPTY_QUERY, ER_NO_SUCH_TABLE, ER_BAD_TABLE_ERROR, ER_BAD_FIELD_ERROR,
            ER_BAD_DB_ERROR, ER_NO_DB_ERROR, ER_NON_UNIQ_ERROR, ER_UNKNOWN_TABLE, ER_SP_DOES_NOT_EXIST,
            ER_TABLE_EXISTS_ERROR,
            ER_WRONG_VALUE_COUNT, ER_WRONG_VALUE_COUNT_ON_ROW, ER_WRONG_FIELD_WITH_GROUP, ER_DUP_FIELDNAME,
            ER_DUP_KEYNAME,
            ER_CANT_DROP_FIELD_OR_KEY, ER_UNSUPPORTED_PS, ER_WRONG_TABLE_NAME,
            ER_OPERAND_COLUMNS, ER_INVALID_GROUP_FUNC_USE, ER_UNKNOWN_COLLATION, ER_UNKNOWN_CHARACTER_SET:
            .syntax
        case ER_LOCK_DEADLOCK, ER_LOCK_WAIT_TIMEOUT, ER_CHECKREAD: .conflict
        // It names the option that prevents the statement.
        case ER_OPTION_PREVENTS_STATEMENT:
            text.contains("read-only") || text.contains("read_only") ? .readOnly : .denied
        case ER_CANT_EXECUTE_IN_READ_ONLY_TRANSACTION, ER_READ_ONLY_MODE, ER_OPEN_AS_READONLY: .readOnly
        case ER_DISK_FULL, ER_RECORD_FILE_FULL: .full
        // The number of the system is in the text: ENOSPC.
        case ER_GET_ERRNO, ER_ERROR_ON_WRITE: text.contains("28 ") ? .full : .other
        case ER_STATEMENT_TIMEOUT, ER_QUERY_INTERRUPTED: .timeout
        case ER_DBACCESS_DENIED_ERROR, ER_ACCESS_DENIED_ERROR, ER_TABLEACCESS_DENIED_ERROR,
            ER_COLUMNACCESS_DENIED_ERROR,
            ER_ACCESS_DENIED_NO_PASSWORD_ERROR, ER_SPECIFIC_ACCESS_DENIED_ERROR, ER_PROCACCESS_DENIED_ERROR,
            ER_HOST_NOT_PRIVILEGED, ER_MUST_CHANGE_PASSWORD_LOGIN, ER_ACCOUNT_HAS_BEEN_LOCKED:
            .denied
        case ER_NET_PACKET_TOO_LARGE, CR_NET_PACKET_TOO_LARGE, ER_PS_MANY_PARAM, ER_WRONG_ARGUMENTS: .parameter
        case ER_MAX_PREPARED_STMT_COUNT_REACHED: .busy
        case CR_MALFORMED_PACKET, CR_VERSION_ERROR, CR_COMMANDS_OUT_OF_SYNC, ER_MALFORMED_PACKET: .damaged
        case CR_NEW_STMT_METADATA, CR_OUT_OF_MEMORY, CR_UNKNOWN_ERROR: .other
        case ER_CON_COUNT_ERROR, ER_TOO_MANY_USER_CONNECTIONS, ER_USER_LIMIT_REACHED, ER_HOST_IS_BLOCKED: .away
        default: isLibraryError(code) || endsConnection.contains(code) ? .away : .other
        }
    }

    private static func isLibraryError(_ code: Int32) -> Bool {
        (CR_MIN_ERROR...CR_MAX_ERROR).contains(code) || (CR_EVENT_CREATE_FAILED...CR_MARIADB_LAST_ERROR).contains(code)
    }

    /// The server ends the connection, or has ended it; or the node of a cluster takes no statements now.
    private static let endsConnection: Set<Int32> = [
        ER_SERVER_SHUTDOWN, ER_NORMAL_SHUTDOWN, ER_SHUTDOWN_COMPLETE, ER_FORCING_CLOSE, ER_ABORTING_CONNECTION,
        ER_NEW_ABORTING_CONNECTION, ER_NET_READ_ERROR, ER_NET_READ_INTERRUPTED, ER_NET_ERROR_ON_WRITE,
        ER_NET_WRITE_INTERRUPTED, ER_CONNECTION_KILLED, ER_UNKNOWN_COM_ERROR,
        // MySQL's ER_SESSION_WAS_KILLED
        3169,
    ]

    /// The connection has to be replaced: it is lost or in an unknown state, or leads to what is not the primary any more.
    var breaksConnection: Bool {
        kind == .damaged || kind == .readOnly && code != ER_OPEN_AS_READONLY || code == ER_NET_PACKET_TOO_LARGE
            || Self.endsConnection.contains(code)
            || Self.isLibraryError(code) && code != CR_NEW_STMT_METADATA
    }

    /// Nothing was run: the server does not know the statement any more, or had no place for it.
    var asksForPreparing: Bool {
        [ER_UNKNOWN_STMT_HANDLER, ER_NEED_REPREPARE, ER_MAX_PREPARED_STMT_COUNT_REACHED].contains(code)
    }
}
