import BinaryWire
import SCRAM

/// The server is told who the client is: docs/binary-protocol.md, section 8.15.
extension Connection {
    mutating func logIn(_ credentials: MartletClient.Credentials) -> Event {
        switch credentials.secret {
        case .password(let user, let password):
            let client = SCRAMClient(user: Array(user.utf8), password: Array(password.utf8), nonce: SCRAM.newNonce())
            scram = client
            return ask(.scram, client.first)
        case .token(let token): return ask(.token, Array(token.utf8))
        }
    }

    private mutating func ask(_ mechanism: AuthenticationMechanism, _ message: [UInt8]) -> Event {
        do {
            append(try session.authenticate(mechanism, message), .login)
            return .handled
        } catch .goodbyeReceived {
            return .failed(.closedByServer)
        } catch {
            // The configuration was checked, so this cannot happen; and if it does, nobody must wait for it.
            return .failed(.violation(.unexpected(.authenticate)))
        }
    }

    mutating func loggedIn(_ answer: Answer, _ bytes: RawSpan) -> Event {
        switch answer {
        case .failed(let report): return .failed(.refused(report.code, text: bytes.text(report.text)))
        case .authenticate(let answer): return answer.isDone ? finish(answer, bytes) : goOn(answer, bytes)
        default: return .failed(.violation(.unexpected(.authenticate)))
        }
    }

    private mutating func goOn(_ answer: AuthenticateAnswer, _ bytes: RawSpan) -> Event {
        guard var scram else { return .failed(.violation(.malformedPayload(.authenticate))) }
        do {
            let message = try scram.respond(to: bytes.array(answer.message))
            self.scram = scram
            return ask(.scram, message)
        } catch {
            return .failed(.unprovenServer(error.text))
        }
    }

    private mutating func finish(_ answer: AuthenticateAnswer, _ bytes: RawSpan) -> Event {
        if let scram, !scram.isProven(by: bytes.array(answer.message)) {
            return .failed(.unprovenServer("it does not know the password"))
        }
        scram = nil
        phase = .open
        return .opened
    }
}
