import Glibc
import TLS

/// A certificate that a listener shows its peers: `martlet tls`.
package struct CertificateRow: Codable, Sendable, Equatable {
    package var listener: String
    /// Absent: it was made at the start.
    package var file: String?
    package var certificate: CertificateDescription
    /// It is shown for all names that no other certificate of the listener has.
    package var isDefault: Bool

    /// Until it expires; negative: it has expired.
    package var secondsLeft: Int64 { certificate.notAfter - Int64(time(nil)) }

    /// Whole days, rounded down.
    package var daysLeft: Int64 { Int64((Double(secondsLeft) / 86_400).rounded(.down)) }

    /// "2027-01-31"
    package var expiryDate: String { String(ListenerSecurity.date(certificate.notAfter).prefix(10)) }
}

extension Server {
    /// From then on there is a warning every day.
    private static let warningDays = 21
    private static let dayMilliseconds: UInt64 = 86_400_000

    /// Warns of certificates that expire soon, every day from now on. On the control thread.
    func watchCertificates() {
        control.run(after: Self.dayMilliseconds, changes: false) { [self] in
            guard !isStopping else { return }
            warnOfCertificates(of: listeners.values.map(\.latestRecipe))
            watchCertificates()
        }
    }

    /// Called when a listener gets its certificates.
    func announceCertificates(of recipe: PreparedListener) {
        for row in recipe.certificates where row.file == nil {
            logger.notice(
                "a certificate for development was made, which no client trusts",
                metadata: ["listener": "\(row.listener)", "sha256": "\(row.certificate.fingerprint)"])
        }
        if let file = recipe.security?.keyLog, !file.isEmpty {
            logger.warning(
                "the secrets of connections are written to a file: whoever reads it can read the connections",
                metadata: ["listener": "\(recipe.configuration.name)", "file": "\(file)"])
        }
        warnOfCertificates(of: [recipe])
    }

    private func warnOfCertificates(of recipes: [PreparedListener]) {
        for row in recipes.flatMap(\.certificates) where row.daysLeft < Self.warningDays && row.file != nil {
            let when = row.secondsLeft < 0 ? "has expired" : "expires in \(row.daysLeft) days"
            logger.warning(
                "a certificate \(when)",
                metadata: [
                    "listener": "\(row.listener)", "file": "\(row.file ?? "")",
                    "names": "\(row.certificate.names.joined(separator: ","))", "expires": "\(row.expiryDate)",
                ])
        }
    }
}
