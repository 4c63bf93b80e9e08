import Glibc
import Testing

/// Clients of the control socket and of `metrics_listen` that send nothing, too little or too much.
@Suite(.serialized) struct ServicePeerTests {
    enum Service: String, CaseIterable {
        case metrics, control

        func address(_ server: RunningServer) throws -> ServerAddress {
            switch self {
            case .metrics: try server.metricsAddress()
            case .control: .unix(path: server.folder.controlSocket)
            }
        }

        var question: String {
            switch self {
            case .metrics: "GET /metrics HTTP/1.1\r\nHost: x\r\n\r\n"
            case .control: "{\"request\":\"plugins\"}\n"
            }
        }

        /// The beginning of a request without an end.
        var beginning: String {
            switch self {
            case .metrics: "GET /metrics HTTP/1.1\r\nX: "
            case .control: "{\"request\":\""
            }
        }

        /// A text that every answer contains.
        var mark: String {
            switch self {
            case .metrics: "martlet_build_info"
            case .control: "echo.so"
            }
        }
    }

    private func server() throws -> RunningServer {
        try RunningServer.echo(process: "metrics_listen = \"127.0.0.1:0\"")
    }

    private func ask(_ service: Service, _ address: ServerAddress) throws -> String {
        let peer = try Peer(address)
        try peer.send(service.question)
        return String(decoding: try peer.receiveToEnd(), as: UTF8.self)
    }

    @Test(arguments: Service.allCases)
    func silentClientsAreClosedForOneThatAsks(service: Service) throws {
        let server = try server()
        let address = try service.address(server)
        let silent = try (0..<32).map { _ in try Peer(address) }
        let (answer, time) = try measure { try ask(service, address) }
        #expect(answer.contains(service.mark))
        #expect(time < .seconds(4) * Sanitizer.slowness, "\(time)")
        // The oldest clients were closed first; the newest can still ask.
        #expect(try silent[0].waitForEnd() == .closed)
        try silent[31].send(service.question)
        #expect(String(decoding: try silent[31].receiveToEnd(), as: UTF8.self).contains(service.mark))
    }

    @Test(arguments: Service.allCases)
    func aSlowClientGetsNoExtraTime(service: Service) throws {
        let server = try server()
        let peer = try Peer(try service.address(server))
        try peer.send(service.beginning)
        let (hasEnded, time) = measure {
            (0..<75).contains { _ in (try? peer.send("a")) == nil || peer.hasInput(within: 200) }
        }
        #expect(hasEnded)
        #expect((.seconds(4)...(.seconds(9) * Sanitizer.slowness)).contains(time), "\(time)")
    }

    @Test(arguments: Service.allCases)
    func aClientThatKeepsSendingAfterTheAnswerIsCut(service: Service) throws {
        let server = try server()
        let address = try service.address(server)
        let pid = server.process.pid
        let before = try Processes.processorSeconds(of: pid)
        let talkers = try (0..<2).map { _ in
            try Background { () -> Bool in
                let peer = try Peer(address)
                try peer.send(service.question)
                let chunk = [UInt8](repeating: UInt8(ascii: "x"), count: 16 << 10)
                let deadline = Deadline(in: .seconds(10))
                while !deadline.isOver {
                    guard (try? peer.send(chunk)) != nil else { return true }
                }
                return false
            }
        }
        for talker in talkers { #expect(try talker.value(), "expected the connection to be cut") }
        let used = try Processes.processorSeconds(of: pid) - before
        #expect(used < 2 * Double(Sanitizer.slowness), "\(used) s of processor time")
    }

    @Test(arguments: Service.allCases)
    func anAnswerIsCompleteEvenIfThePeerHasSentMore(service: Service) throws {
        let server = try server()
        let peer = try Peer(try service.address(server))
        try peer.send(service.question + String(repeating: "more ", count: 1_000))
        #expect(String(decoding: try peer.receiveToEnd(), as: UTF8.self).contains(service.mark))
    }
}
