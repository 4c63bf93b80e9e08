import Glibc

/// Signals other than those that control the server. On the main thread.
extension Server {
    func handle(_ request: SignalDescriptor.Request) {
        switch request {
        case .reload, .stop: break
        case .reopenLog(let signal):
            guard log.sink.path != nil else { return nameOnce(signal) }
            log.sink.reopen()
            for host in hosts { host.runtime.reopenLog(log) }
        case .unexpected(let signal): nameOnce(signal)
        }
    }

    private func nameOnce(_ signal: SignalDescriptor.Unexpected) {
        guard namedSignals.withLock({ $0.insert(signal.number).inserted }) else { return }
        logger.info(
            "ignored signal: \(signal.name)",
            metadata: ["signal": "\(signal.number)", "sender": "\(signal.sender)"])
    }
}

extension SignalDescriptor.Unexpected {
    /// The name from strsignal(3), such as "User defined signal 2".
    fileprivate var name: String { strsignal(number).map { String(cString: $0) } ?? "signal \(number)" }
}
