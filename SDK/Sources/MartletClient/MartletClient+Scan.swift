extension MartletClient {
    /// A key and its value.
    public struct Entry: Equatable, Sendable {
        /// 1 to 512 bytes.
        public let key: [UInt8]
        /// At most 1 MiB.
        public let value: [UInt8]

        /// An entry that a server could have sent.
        public init(key: [UInt8], value: [UInt8]) { (self.key, self.value) = (key, value) }
    }

    /// The entries whose keys begin with a prefix, in the order of their keys.
    ///
    /// They come page by page, as the loop asks for them, so this is not a snapshot; but a key that exists throughout comes exactly once.
    ///
    /// - Parameters:
    ///   - prefix: at most 512 bytes; empty: all keys.
    ///   - after: only keys behind this one; empty: from the beginning.
    ///   - pageEntries: how many entries a request asks for, 1 to 10,000. A server may send fewer.
    ///   - timeout: for each page.
    public func scan(
        prefix: some ByteSequence = "", after: some ByteSequence = "", pageEntries: Int = 1_000,
        timeout: Duration? = nil
    ) -> Scan {
        Scan(
            client: self, prefix: prefix.martletBytes, after: after.martletBytes, pageEntries: pageEntries,
            timeout: timeout)
    }

    /// See ``MartletClient/scan(prefix:after:pageEntries:timeout:)``.
    public struct Scan: AsyncSequence, Sendable {
        public typealias Element = Entry
        public typealias Failure = MartletClientError

        let client: MartletClient
        let prefix: [UInt8]
        let after: [UInt8]
        let pageEntries: Int
        let timeout: Duration?

        public func makeAsyncIterator() -> Iterator { Iterator(scan: self, cursor: after) }

        /// Asks for a page when the one before is used up.
        public struct Iterator: AsyncIteratorProtocol {
            let scan: Scan
            var cursor: [UInt8]
            private var page: ArraySlice<Entry> = []
            private var more = true

            init(scan: Scan, cursor: [UInt8]) { (self.scan, self.cursor) = (scan, cursor) }

            public mutating func next() async throws(MartletClientError) -> Entry? {
                if page.isEmpty, more { try await turn() }
                return page.popFirst()
            }

            public mutating func next(
                isolation actor: isolated (any Actor)?
            ) async throws(MartletClientError) -> Entry? {
                try await next()
            }

            private mutating func turn() async throws(MartletClientError) {
                let request = Request.scan(prefix: scan.prefix, after: cursor, limit: scan.pageEntries)
                guard case .page(let entries, let more) = try await scan.client.perform(request, .ifSafe, scan.timeout)
                else { throw scan.client.wrongAnswer("scan") }
                // Otherwise a server that ignores the cursor would make us ask for the same page for ever.
                if let first = entries.first, !cursor.lexicographicallyPrecedes(first.key) {
                    throw scan.client.wrongAnswer("scan", "the entries are not behind the cursor")
                }
                (page, self.more) = (entries[...], more)
                if let last = entries.last { cursor = last.key }
            }
        }
    }
}
