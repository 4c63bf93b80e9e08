import ArgumentParser
import TLSClient

/// The options of all clients that speak TLS.
struct TLSOptions: ParsableArguments {
    @Flag(help: "Use TLS, and check that the server's certificate names the host of the address.")
    var tls = false

    @Option(
        help: ArgumentHelp(
            "The certificates to trust, in PEM, with --tls; without it those of the system.", valueName: "file"))
    var ca: String?

    @Option(help: ArgumentHelp("A certificate and its key in PEM to show the server, with --tls.", valueName: "file"))
    var cert: String?

    /// nil: no TLS.
    var settings: TLSClientSettings? { tls ? TLSClientSettings(authorities: ca, certificate: cert) : nil }

    func validate() throws {
        if !tls, let option = ca != nil ? "--ca" : cert != nil ? "--cert" : nil {
            throw ValidationError("\(option): expected --tls beside it")
        }
    }
}
