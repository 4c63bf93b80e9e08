import COpenSSL
import Glibc
import Synchronization

/// The keys of session tickets: derived from a secret for periods of time, so that all processes with the same secret have the same keys,
/// and they change without a word between these. RFC 5077, 4 and RFC 8446, 4.6.1
///
/// A ticket is accepted in the period that made it and in the next one.
final class TicketKeys: Sendable {
    final class Key: Sendable {
        static let nameLength = 16

        let name: [UInt8]
        /// AES-256-CBC
        let cipher: [UInt8]
        /// HMAC with SHA-256
        let authentication: [UInt8]

        init(_ secret: [UInt8], period: UInt64) {
            func derive(_ purpose: String) -> [UInt8] {
                let text = Array("martlet ticket \(purpose) \(period)".utf8)
                var output = [UInt8](repeating: 0, count: 32)
                var count: UInt32 = 32
                HMAC(EVP_sha256(), secret, Int32(secret.count), text, text.count, &output, &count)
                return output
            }
            name = Array(derive("name").prefix(Self.nameLength))
            cipher = derive("cipher")
            authentication = derive("authentication")
        }
    }

    private struct Pair {
        let period: UInt64
        let current: Key
        let previous: Key
    }

    private let secret: [UInt8]
    private let seconds: UInt64
    private let pair: Mutex<Pair>

    init(secret: [UInt8], seconds: UInt64) {
        (self.secret, self.seconds) = (secret, max(seconds, 1))
        pair = Mutex(Self.derive(secret, Self.period(of: self.seconds)))
    }

    private static func period(of seconds: UInt64) -> UInt64 { UInt64(clamping: time(nil)) / seconds }

    private static func derive(_ secret: [UInt8], _ period: UInt64) -> Pair {
        // The first period has no earlier one.
        Pair(
            period: period, current: Key(secret, period: period),
            previous: Key(secret, period: period > 0 ? period - 1 : .max))
    }

    private func keys() -> Pair {
        let period = Self.period(of: seconds)
        return pair.withLock { pair in
            if pair.period != period { pair = Self.derive(secret, period) }
            return pair
        }
    }

    var current: Key { keys().current }

    /// The key with this name, and whether tickets of it must be renewed; nil: it is too old, or foreign.
    func find(_ name: UnsafeRawBufferPointer) -> (key: Key, isOld: Bool)? {
        let keys = keys()
        if keys.current.name.elementsEqual(name) { return (keys.current, false) }
        return keys.previous.name.elementsEqual(name) ? (keys.previous, true) : nil
    }
}
