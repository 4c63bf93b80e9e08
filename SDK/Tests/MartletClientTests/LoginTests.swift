import BinaryWire
import Testing

@testable import MartletClient

/// A client that logs in on every connection.
@Suite struct LoginTests {
    private func client(
        _ server: ScriptedServer, _ credentials: MartletClient.Credentials
    ) throws -> MartletClient {
        try MartletClient.test(server) { $0.credentials = credentials }
    }

    private func failure(_ body: () async throws -> Void) async -> MartletClientError? {
        do {
            try await body()
            return nil
        } catch {
            return error as? MartletClientError
        }
    }

    @Test(arguments: [
        MartletClient.Credentials.password(user: TestStore.user, TestStore.password), .token(TestStore.token),
    ])
    func logsInBeforeTheFirstCall(_ credentials: MartletClient.Credentials) async throws {
        let store = TestStore()
        let server = try ScriptedServer { store.serve($0) }
        let client = try client(server, credentials)
        #expect(try await client.put("k", "v") == .created)
        #expect(try await client.get("k") == utf8("v"))
        await client.close()
        #expect(!"\(credentials)".contains(TestStore.password) && !"\(credentials)".contains(TestStore.token))
    }

    @Test(arguments: [
        MartletClient.Credentials.password(user: TestStore.user, "wrong"), .token("wrong"),
    ])
    func aWrongSecretFailsAtOnce(_ credentials: MartletClient.Credentials) async throws {
        let store = TestStore()
        let server = try ScriptedServer { store.serve($0) }
        let client = try client(server, credentials)
        let error = await failure { _ = try await client.get("k") }
        guard case .unreachable(.refused(.authenticationFailed, _)) = error?.reason else {
            Issue.record("\(String(describing: error))")
            return
        }
        await client.close()
    }

    @Test func aServerThatDoesNotKnowThePasswordIsNotTrusted() async throws {
        let store = TestStore(knowsThePassword: false)
        let server = try ScriptedServer { store.serve($0) }
        let client = try client(server, .password(user: TestStore.user, TestStore.password))
        let error = await failure { _ = try await client.get("k") }
        guard case .unreachable(.unprovenServer) = error?.reason else {
            Issue.record("\(String(describing: error))")
            return
        }
        await client.close()
    }

    @Test func credentialsWithoutSenseAreRefused() {
        for credentials in [MartletClient.Credentials.password(user: "", "p"), .token("")] {
            var configuration = MartletClient.Configuration()
            configuration.credentials = credentials
            #expect(throws: MartletClientError.self) { try MartletClient("localhost:1", configuration) }
        }
    }
}
