import HostInterface

// What the next control side asks of a host whose first one has ended.

/// The first call of a new connection. The answer comes with descriptors: the page of the quotas, the published pages, then the locks.
struct TakeOver: HostCall {
    struct Answer: Codable, Sendable {
        struct Address: Codable, Sendable {
            var handle: Int
            var description: AddressDescription
            var shared: Bool
        }

        var pid: Int32
        var name: String
        var place: Int
        var addresses: [Address]
    }

    static var place: HostPlace { .receiver }
}

/// The answer comes with the descriptors of the sockets.
struct TakeSockets: HostCall {
    static var place: HostPlace { .receiver }
    var address: Int
}

/// The host accepts no more peers, and ends with its last connection.
struct LetGo: HostCall {}
