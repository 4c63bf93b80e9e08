import BinaryWire

extension MartletClient {
    /// What has happened to a key that is watched.
    public enum Change: Equatable, Sendable {
        /// It has a new value.
        case put(key: [UInt8], version: UInt64)
        /// It exists no more.
        case deleted(key: [UInt8])
        /// Its time to live has passed.
        case expired(key: [UInt8])
        /// Changes may have been missed, of any key that is watched: read again what matters. It comes when the reader was too slow,
        /// and after the watch was put in place again on another connection.
        case lost
    }
}

extension MartletClient.Change {
    init(_ notice: ChangeNotice, in bytes: RawSpan) {
        self =
            switch notice.kind {
            case .put: .put(key: bytes.array(notice.key), version: notice.version)
            case .deleted: .deleted(key: bytes.array(notice.key))
            case .expired: .expired(key: bytes.array(notice.key))
            case .lost: .lost
            }
    }
}
