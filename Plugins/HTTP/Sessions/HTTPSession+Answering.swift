import HTTPWire
import MartletKit

extension HTTPSession {
    /// The fast path for nearly every request: GET in HTTP/1.1 without a body, for a route with a text, on a
    /// connection that stays open. nil: take the slow path; nothing has been written.
    ///
    /// It allocates nothing, counts no references and copies the answer once.
    @inline(__always)
    func answerPlainly(_ head: RequestHead, _ input: Bytes, _ connection: Connection<HTTP>) -> Flow? {
        guard head.method == .get, head.version == .http11, case .none = head.framing,
            keepsAlive(after: head, connection),
            !head.path.isEmpty
        else { return nil }
        let path = input.part(head.path)
        guard let route = connection.plugin.routes.index.longestMatch(for: path), route.pointee.kind == .fixed,
            route.pointee.path.count == path.count || NormalPath.isNormal(path)
        else { return nil }
        let answer = connection.loop.answers + Int(route.pointee.resource)
        answer.pointee.update(connection.loop.date)
        let exchange = Exchange(
            connection: connection, method: .get, version: .http11, target: input.part(head.target), keepsAlive: true)
        return exchange.finish(
            answer.pointee.status, bytes: answer.pointee.count, connection.write(answer.pointee.whole))
    }

    @inline(__always)
    private func keepsAlive(after head: RequestHead, _ connection: Connection<HTTP>) -> Bool {
        let most = connection.plugin.settings.requestsPerConnection
        return head.keepsAlive && connection.plugin.settings.keepsAlive && !isDraining
            && (most == 0 || requestCount < most)
    }

    /// The slow path: every method, version, framing and route.
    @inline(never)
    mutating func answer(_ head: RequestHead, _ input: Bytes, _ connection: Connection<HTTP>) -> Step {
        var exchange = Exchange(
            connection: connection, method: head.method, version: head.version, target: input.part(head.target),
            keepsAlive: keepsAlive(after: head, connection))
        let path: Bytes
        do {
            path = try normalPath(head, input, connection)
        } catch {
            return Step(consumed: 0, flow: Exchange.refuse(error, of: head.method, connection))
        }
        let route = head.isForServer(input) ? nil : connection.plugin.routes.index.longestMatch(for: path)
        let body = input.from(Int(head.length))
        let reader = BodyReader(head.framing)
        if let route, route.pointee.kind == .echo, route.pointee.allows(head.method) {
            return echo(reader ?? .length(0), body, head, exchange)
        }
        var consumed = Int(head.length)
        if var reader {
            // The body is not needed. The answer tells this to a peer that asked first (Expect). It must be clear whether the
            // body still follows (RFC 9110 10.1.1), so close.
            if head.expectsContinue {
                exchange.keepsAlive = false
            } else {
                let discarded = reader.discard(body, connection.plugin.settings.limits)
                consumed += discarded.consumed
                switch discarded.1 {
                case .refused(let refusal):
                    return Step(consumed: 0, flow: Exchange.refuse(refusal, of: head.method, connection))
                case .complete: break
                case .incomplete:
                    let transfer = BodyTransfer(reader, .discard, exchange)
                    if exchange.keepsAlive { park(transfer, exchange) }
                }
            }
        }
        return Step(consumed: consumed, flow: exchange.answer(head, input, path, route))
    }

    /// The path in normal form; also handles `*` and an empty path (RFC 9112 3.2.2).
    private func normalPath(
        _ head: RequestHead, _ input: Bytes, _ connection: Connection<HTTP>
    ) throws(Refusal) -> Bytes {
        if head.isForServer(input) { return input.part(head.path) }
        let path = input.part(head.path)
        if !path.isEmpty, NormalPath.isNormal(path) { return path }
        return try NormalPath.write(
            head.path, in: RawSpan(_unsafeBytes: UnsafeRawBufferPointer(input)), into: connection.loop.pathMemory)
    }
}

extension Exchange {
    /// `path` is in normal form.
    func answer(_ head: RequestHead, _ input: Bytes, _ path: Bytes, _ route: UnsafePointer<Route>?) -> Flow {
        if head.isForServer(input) { return answerOptions(allow: AllowedMethods.all) }
        guard let route else { return answer(.notFound) }
        let allowed = AllowedMethods.of(route.pointee.kind)
        if method == .options { return answerOptions(allow: allowed) }
        guard route.pointee.allows(method) else { return answer(.methodNotAllowed, allow: allowed) }
        switch route.pointee.kind {
        case .fixed:
            let answer = connection.loop.answers + Int(route.pointee.resource)
            answer.pointee.update(connection.loop.date)
            return self.answer(answer.pointee)
        case .folder:
            return answerFile(
                head, input, path, below: route.pointee.path.count, folder: Int(route.pointee.resource))
        case .folderWithoutSlash:
            return redirectToFolder(path, query: input.part(head.query))
        case .echo:
            return answer(.internalServerError)
        }
    }
}

extension RequestHead {
    /// Whether this is `OPTIONS *`: the parser allows `*` for no other method.
    func isForServer(_ input: Bytes) -> Bool { path.count == 1 && input[Int(path.start)] == UInt8(ascii: "*") }
}

extension Bytes {
    @inline(__always)
    func part(_ range: BufferRange) -> Bytes {
        Bytes(start: baseAddress! + Int(range.start), count: range.count)
    }

    func from(_ offset: Int) -> Bytes { Bytes(rebasing: self[offset...]) }
}
