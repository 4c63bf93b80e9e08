import ArgumentParser
import MartletClient
import Threads

extension Binary {
    /// The arguments that all subcommands take.
    struct Server: ParsableArguments {
        @Argument(help: "Such as localhost:7100, [::1]:7100 or unix:/path.")
        var address: String

        @Option(help: "Seconds to wait for an answer.")
        var timeout = 5.0

        @OptionGroup var tls: TLSOptions

        @Option(help: "Log in as this user; the password comes from --password-file, or is asked for.")
        var user: String?

        @Option(help: ArgumentHelp("The first line of a file is the password; -: standard input.", valueName: "file"))
        var passwordFile: String?

        @Option(help: ArgumentHelp("Log in with the token in the first line of a file.", valueName: "file"))
        var tokenFile: String?

        func validate() throws {
            guard timeout > 0, timeout <= 86_400 else {
                throw ValidationError("--timeout: expected more than 0 and at most 86400 seconds, found \(timeout)")
            }
            if user != nil, tokenFile != nil { throw ValidationError("expected --user or --token-file, found both") }
            if user == nil, passwordFile != nil { throw ValidationError("--password-file: expected --user beside it") }
        }

        /// Connects and asks. Turns a failure into a message and an exit status.
        func ask<Answer: Sendable>(
            _ question: @escaping @Sendable (MartletClient) async throws -> Answer
        ) throws -> Answer {
            do {
                let client = try MartletClient(address, configuration())
                let reply = Reply<Result<Answer, any Error>>()
                Task {
                    do { reply.set(.success(try await question(client))) } catch { reply.set(.failure(error)) }
                }
                return try reply.wait().get()
            } catch let error as MartletClientError {
                printError(error.description)
                throw ExitStatus.refused
            }
        }

        private func configuration() throws -> MartletClient.Configuration {
            var configuration = MartletClient.Configuration()
            configuration.name = "martlet"
            configuration.maximumConnections = 1
            configuration.connectTimeout = .seconds(timeout)
            configuration.requestTimeout = .seconds(timeout)
            // Whoever types a command wants to know at once that nobody listens.
            configuration.retry.connectAttempts = 1
            configuration.tls = tls.tls ? MartletClient.TLS(authorities: tls.ca, certificate: tls.cert) : nil
            if let user { configuration.credentials = .password(user: user, try Password.read(passwordFile)) }
            if let tokenFile { configuration.credentials = .token(try Password.read(tokenFile)) }
            return configuration
        }
    }
}
