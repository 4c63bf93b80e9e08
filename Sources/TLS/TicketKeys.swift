import COpenSSL
import Glibc
import Synchronization

/// The keys of session tickets: derived from a secret for periods of time, so that all processes with the same secret have the same keys,
/// and they change without a word between these. RFC 5077, 4 and RFC 8446, 4.6.1
///
/// A ticket is accepted in the period that made it and in the next one.
final class TicketKeys: Sendable {
    struct Key {
        let name: [UInt8]
        /// AES-256-CBC
        let cipher: [UInt8]
        /// HMAC with SHA-256
        let authentication: [UInt8]
    }

    private let secret: [UInt8]
    private let seconds: UInt64
    private let known = Mutex<[UInt64: Key]>([:])

    init(secret: [UInt8], seconds: UInt64) { (self.secret, self.seconds) = (secret, max(seconds, 1)) }

    private var period: UInt64 { UInt64(clamping: time(nil)) / seconds }

    var current: Key { key(of: period) }

    /// The key with this name, and whether tickets of it must be renewed; nil: it is too old, or foreign.
    func find(_ name: UnsafeRawBufferPointer) -> (key: Key, isOld: Bool)? {
        let period = period
        for (age, isOld) in [(UInt64(0), false), (1, true)] where period >= age {
            let key = key(of: period - age)
            if key.name.elementsEqual(name) { return (key, isOld) }
        }
        return nil
    }

    private func key(of period: UInt64) -> Key {
        known.withLock { known in
            if let key = known[period] { return key }
            let key = Key(
                name: Array(derive("name", period).prefix(16)), cipher: derive("cipher", period),
                authentication: derive("authentication", period))
            known = known.filter { $0.key + 1 >= period }
            known[period] = key
            return key
        }
    }

    private func derive(_ purpose: String, _ period: UInt64) -> [UInt8] {
        let text = Array("martlet ticket \(purpose) \(period)".utf8)
        var output = [UInt8](repeating: 0, count: 32)
        var count: UInt32 = 32
        HMAC(EVP_sha256(), secret, Int32(secret.count), text, text.count, &output, &count)
        return output
    }
}
