import BinaryWire
import KeyValueStore
import MartletKit

// Keys in a database. Requests that came together run in one transaction, and the session takes no others until it has their answers.

extension BinarySession {
    mutating func receivedStored(_ input: Span<UInt8>, from connection: Connection<Binary>) -> Int {
        let now = connection.nowMilliseconds
        awaitsFrame = false
        var requests = StoredRequests()
        var consumed = 0
        var frames: Int64 = 0
        var goesOn = !isWaiting
        while goesOn, !requests.isFull {
            let step = wire.next(in: input.bytes, from: consumed, nowMilliseconds: now)
            if case .needMore(let total) = step.event {
                if total > WireLimits.headerBytes { awaitsFrame = connection.want(total).isAccepted }
                break
            }
            consumed += step.consumed
            frames += 1
            // Other requests are answered at once: answers may come in any order.
            if case .request(let request, let id) = step.event, request.isAboutKeys {
                if isAllowed(request, id, input, connection) { requests.add(request, id: id) }
            } else {
                goesOn = take(step.event, in: input, connection)
            }
        }
        if frames > 0 { connection.plugin.metrics.frames.add(frames) }
        unconsumedBytes = UInt32(clamping: input.count - consumed)
        if !requests.isEmpty {
            requests.bytes = input.extracting(0..<consumed).withUnsafeBytes { Array($0) }
            submit(requests, connection)
        }
        return consumed
    }

    /// false: it is answered.
    private func isAllowed(
        _ request: ServerRequest, _ id: UInt32, _ input: Span<UInt8>, _ connection: Connection<Binary>
    ) -> Bool {
        if isGuarded, let code = denial(of: request, in: input) {
            _ = exchange(id, connection).fail(code, request.opcode, Span())
            return false
        }
        guard case .put(let put) = request, put.value.count > connection.plugin.options.maximumValueBytes else {
            return true
        }
        _ = exchange(id, connection).fail(.valueTooLarge, .put, input.extracting(put.key))
        return false
    }

    private func exchange(_ id: UInt32, _ connection: Connection<Binary>) -> Exchange {
        Exchange(connection: connection, requestID: id, clientMaximumPayload: Int(wire.clientMaximumPayload))
    }

    private mutating func submit(_ requests: StoredRequests, _ connection: Connection<Binary>) {
        guard let stored = connection.plugin.stored else { return }
        let result = stored.run(requests, now: connection.wallClockMilliseconds, for: connection.id) {
            outcome, access in
            guard let access else { return }
            access.session.answer(requests, outcome, access.connection)
        }
        guard result.isAccepted else {
            for one in requests.all { fail(one, .busy, requests, connection) }
            return
        }
        isWaiting = true
        connection.pause()
    }

    private mutating func answer(
        _ requests: StoredRequests, _ outcome: Result<[StoredResult], DatabaseError>, _ connection: Connection<Binary>
    ) {
        isWaiting = false
        switch outcome {
        case .success(let results):
            var isFull = false
            for (one, result) in zip(requests.all, results) {
                if answer(one, result, requests, connection) != .ok { isFull = true }
            }
            if results.count < requests.all.count {
                return answerLater(requests.dropFirst(results.count), isFull: isFull, connection)
            }
        case .failure(let error):
            let code = error.code(mayHaveWritten: !requests.isQuery)
            if code == .internalError || code == .outcomeUnknown {
                connection.services.error("the database has failed: \(error)")
            }
            for one in requests.all { fail(one, code, requests, connection) }
        }
        if isEnding { connection.close() } else { connection.resume() }
    }

    /// The rest of the requests is run when the answers before it are sent.
    private mutating func answerLater(
        _ rest: StoredRequests, isFull: Bool, _ connection: Connection<Binary>
    ) {
        guard isFull else { return submit(rest, connection) }
        isWaiting = true
        unsent = UnsentRequests(rest)
    }

    mutating func writable(_ connection: Connection<Binary>) {
        guard let unsent else { return }
        self.unsent = nil
        submit(unsent.requests, connection)
    }

    private func fail(
        _ one: StoredRequests.One, _ code: ErrorCode, _ requests: StoredRequests, _ connection: Connection<Binary>
    ) {
        requests.withKey(of: one) { key in _ = exchange(one.id, connection).fail(code, one.request.opcode, key) }
    }

    private func answer(
        _ one: StoredRequests.One, _ result: StoredResult, _ requests: StoredRequests, _ connection: Connection<Binary>
    ) -> HostResult {
        let exchange = exchange(one.id, connection)
        return requests.withKey(of: one) { key in answer(one, result, exchange, key, connection) }
    }

    private func answer(
        _ one: StoredRequests.One, _ result: StoredResult, _ exchange: Exchange, _ key: Span<UInt8>,
        _ connection: Connection<Binary>
    ) -> HostResult {
        switch result {
        case .value(let entry):
            if case .read = one.request {
                let answer = entry.map { entry in
                    (
                        exchange.placeForRead(entry.value.span.bytes),
                        ValueDetails(version: entry.version, deadline: entry.deadline, now: { exchange.now() })
                    )
                }
                return exchange.finishRead(answer, key)
            }
            return exchange.finishGet(entry.map { exchange.placeForGet($0.value.span.bytes) }, key)
        case .page(let page): return exchange.answer(page, key)
        case .changedOne(let result, let event):
            let sent = exchange.send(result, one.request.opcode, key)
            if let event { key.withUnsafeBytes { connection.plugin.watches.tell($0, event) } }
            return sent
        case .changed(let result, let changes):
            let sent = exchange.send(result, one.request.opcode, key)
            let watches = connection.plugin.watches
            for change in changes { change.key.withUnsafeBytes { watches.tell($0, change.event) } }
            return sent
        }
    }
}

extension Exchange {
    /// The answer of a scan.
    fileprivate func answer(_ page: StoredKeys.Page, _ prefix: Span<UInt8>) -> HostResult {
        var writer = ScanAnswerWriter(
            limit: connection.plugin.options.scanLimit, maximumPayload: UInt32(clamping: clientMaximumPayload))
        let bytes = page.entries.reduce(ScanAnswerWriter.emptyAnswerBytes) { $0 + $1.key.count + $1.value.count + 8 }
        let room = min(bytes, WireLimits.headerBytes + clientMaximumPayload)
        guard let memory = connection.reserve(room) else { return connection.giveUp() }
        var output = memory.mutableBytes
        var more = page.more
        for entry in page.entries {
            guard writer.append(key: entry.key.span.bytes, value: entry.value.span.bytes, into: &output) else {
                more = true
                break
            }
        }
        return finish(writer, more, memory, prefix)
    }
}

extension DatabaseError {
    /// What a client is told. It says nothing about the database.
    fileprivate func code(mayHaveWritten: Bool) -> ErrorCode {
        switch kind {
        case .busy, .conflict, .timeout: .busy
        case .away, .stopping: mayHaveWritten ? .outcomeUnknown : .busy
        case .readOnly: .notPermitted
        case .full: .storeFull
        case .tooLarge: .answerTooLarge
        default: .internalError
        }
    }
}
