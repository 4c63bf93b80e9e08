import Glibc
import Server
import Testing

/// While an HTTP listener is on trial, a request counts as failed if the plugin fails to answer it. A bad request that the plugin refuses
/// does not count as failed, since any peer can send one.
@Suite struct HTTPTrialTests {
    private static let refused = [
        ("GET /\r\n\r\n", 400), ("BREW / HTTP/1.1\r\nHost: x\r\n\r\n", 501), ("GET / HTTP/2.0\r\n\r\n", 505),
        ("POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: gzip\r\n\r\n", 501),
    ]
    private static let routes = """
        [rollout]
        percent = 99
        hold = "10m"
        [rollout.abort_on]
        error_rate = 0.2
        [[options.routes]]
        path = "/"
        text = "hello"
        [[options.routes]]
        path = "/broken"
        text = "broken"
        status = 500
        """

    @Test func isAbortedByFailuresButNotByBadRequests() throws {
        let folder = try ServerFolder()
        try folder.install("HTTPPlugin", version: 1)
        try folder.listen("http", plugin: "HTTPPlugin.so", Self.routes)
        let server = try RunningServer(folder)
        let address = try server.address(of: "http")
        try folder.install("HTTPPlugin", version: 2)
        #expect(try server.reloaded("http").outcome == .trial)

        for index in 0..<100 {
            let (request, status) = Self.refused[index % Self.refused.count]
            let client = try HTTPPeer(address)
            try client.peer.send(request)
            #expect(try client.answer().status == status)
        }
        #expect(try server.generation(2, of: "http")?.state == .trial)

        try waitUntil("the trial is aborted") {
            let client = try HTTPPeer(address)
            for _ in 0..<10 { #expect(try client.get("/broken").status == 500) }
            return try server.status().lastReload?.entry(of: "http").outcome == .aborted
        }
        // "40 of 138 requests failed": the refused requests count in the total but not as failed.
        let detail = try #require(try server.status().lastReload).entry(of: "http").detail
        let counts = try #require(detail.firstMatch(of: /(\d+) of (\d+) requests failed/))
        let (failed, all) = (try #require(Int(counts.1)), try #require(Int(counts.2)))
        #expect(all - failed >= 98, "\(detail)")
        #expect(try HTTPPeer(address).get("/").text == "hello")
    }
}
