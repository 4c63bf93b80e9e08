import KeyValueStore
import MartletKit
import RESPWire

// Keys in a database. Commands on keys that came together run in one transaction, and the session takes no others until it has their
// answers. All other commands run at once, as with keys in memory.

extension RESPSession {
    func isStored(_ exchange: Exchange) -> Bool { exchange.connection.plugin.keys != nil }

    mutating func serveStored(_ input: UnsafeRawBufferPointer, _ connection: Connection<RESP>) -> Int {
        var exchange = Exchange(connection, input, version: version)
        var batch = StoredBatch()
        var consumed = 0
        var commands: Int64 = 0
        let limits = connection.plugin.options.limits
        loop: while consumed < input.count, exchange.output.result == .ok, !isWaiting {
            switch RequestParser.parse(exchange.span.span, from: consumed, limits: limits, into: &exchange.request) {
            case .request(let count):
                if let command = keyCommand(exchange) {
                    guard batch.hasRoom(count) else { break loop }
                    batch.add(command, input[consumed..<consumed + count])
                } else {
                    guard batch.isEmpty else { break loop }
                    run(&exchange)
                }
                consumed += count
                commands += 1
            case .nothing(let count): consumed += count
            case .line(let range, let count):
                guard batch.isEmpty else { break loop }
                consumed += count
                commands += 1
                takeLine(range, &exchange, &batch)
            case .needMore(let total):
                if batch.isEmpty, !connection.want(total).isAccepted { refuse(.invalidLength, &exchange) }
                break loop
            case .refused(let error):
                guard batch.isEmpty else { break loop }
                consumed = input.count
                refuse(error, &exchange)
                break loop
            }
        }
        exchange.output.flush()
        if commands > 0 { connection.plugin.metrics.commands.add(commands) }
        if !batch.isEmpty, exchange.output.result.isAccepted { submit(batch, exchange) }
        return consumed
    }

    /// The command of the exchange, if it runs in the database now.
    private func keyCommand(_ exchange: Exchange) -> Command? {
        guard flags.isUsualButLimited,
            let found = exchange.database._withUnsafeGuaranteedRef({ $0.commands.find(exchange.argument(0)) }),
            found.takes(exchange.request.count), found.command.isAboutKeys, denial(of: found.command, exchange) == nil
        else { return nil }
        return found.command
    }

    private mutating func takeLine(
        _ range: ArgumentRange, _ exchange: inout Exchange, _ batch: inout StoredBatch
    ) {
        let line = UnsafeRawBufferPointer(rebasing: exchange.input[range.start..<range.end])
        do throws(RequestError) {
            let framed = try InlineCommand.framed(line.bindMemory(to: UInt8.self).span)
            guard !framed.isEmpty else { return }
            runFramed(framed, &exchange) { session, exchange in
                if let command = session.keyCommand(exchange) {
                    batch.add(command, framed)
                } else {
                    session.run(&exchange)
                }
            }
        } catch {
            refuse(error, &exchange)
        }
    }

    // MARK: Transactions

    private mutating func submit(_ batch: StoredBatch, _ exchange: Exchange) {
        guard let keys = exchange.connection.plugin.keys else { return }
        let version = exchange.output.version
        let result = keys.run(
            batch, version: version, now: exchange.now, exchange.database, for: exchange.connection.id
        ) { outcome, access in
            guard let access else { return }
            var output = Output(access.connection, version: version)
            var rest = StoredBatch()
            switch outcome {
            case .success(let answers):
                answers.bytes.withUnsafeBytes { output.append($0) }
                count(batch.commands, answers.ends, access.connection)
                rest = batch.after(answers)
            case .failure(let error): fail(batch.commands, error, &output, access.connection)
            }
            output.flush()
            access.session.goOn(access.connection)
            if !rest.isEmpty { access.session.answerLater(rest, isFull: output.result != .ok, access.connection) }
        }
        begin(result, exchange) { connection in
            var output = Output(connection, version: version)
            fail(batch.commands, DatabaseError(.busy, "the loop has no room for another answer"), &output, connection)
            output.flush()
        }
    }

    /// The rest of a batch is run when the answers before it are sent.
    private mutating func answerLater(_ rest: StoredBatch, isFull: Bool, _ connection: Connection<RESP>) {
        guard isFull else {
            return submit(
                rest, Exchange(connection, UnsafeRawBufferPointer(start: nil, count: 0), version: version))
        }
        isWaiting = true
        connection.pause()
        unsent = UnsentCommands(rest)
    }

    mutating func writable(_ connection: Connection<RESP>) {
        guard let unsent else { return }
        self.unsent = nil
        submit(
            unsent.batch, Exchange(connection, UnsafeRawBufferPointer(start: nil, count: 0), version: version))
    }

    /// Takes no commands until the answer comes.
    private mutating func begin(_ result: HostResult, _ exchange: Exchange, orElse fail: (Connection<RESP>) -> Void) {
        guard result.isAccepted else { return fail(exchange.connection) }
        isWaiting = true
        exchange.connection.pause()
    }

    mutating func goOn(_ connection: Connection<RESP>) {
        isWaiting = false
        if isEnding { connection.close() } else { connection.resume() }
    }

    // MARK: WATCH and EXEC

    mutating func watchStored(_ details: SessionDetails, _ exchange: inout Exchange) {
        guard let keys = exchange.connection.plugin.keys else { return }
        var names: [[UInt8]] = []
        exchange.eachArgument(from: 1) { key in
            let name = Array(key)
            if !names.contains(name), !details.watched.contains(where: { $0.key == name }) { names.append(name) }
        }
        exchange.output.flush()
        let result = keys.versions(of: names, now: exchange.now, for: exchange.connection.id) {
            [names] outcome, access in
            guard let access else { return }
            var output = Output(access.connection, version: access.session.version)
            switch outcome {
            case .success(let versions):
                let watched = zip(names, versions).map { SessionDetails.WatchedKey(key: $0, version: $1) }
                access.session.details?.watched += watched
                output.ok()
            case .failure(let error): fail([.watch], error, &output, access.connection)
            }
            output.flush()
            access.session.goOn(access.connection)
        }
        begin(result, exchange) { _ in exchange.output.error(StoredFailure.busy) }
    }

    /// - Parameters:
    ///   - queue: the commands between MULTI and EXEC.
    ///   - failed: one of them was wrong.
    mutating func execStored(_ queue: [UInt8], _ count: Int, failed: Bool, _ exchange: inout Exchange) {
        let watched = details?.watched ?? []
        let changed = endWatching(exchange)
        if failed { return exchange.output.error("EXECABORT Transaction discarded because of previous errors.") }
        if changed { return exchange.output.nullArray() }
        guard let keys = exchange.connection.plugin.keys else { return }
        var batch = StoredBatch()
        runFramed(queue, &exchange) { _, exchange in
            let found = exchange.database._withUnsafeGuaranteedRef { $0.commands.find(exchange.argument(0)) }
            if let command = found?.command, command.isAboutKeys { batch.add(command, exchange.frame) }
        }
        exchange.output.flush()
        let result = keys.run(
            batch, watched: watched, isWhole: true, version: exchange.output.version, now: exchange.now,
            exchange.database,
            for: exchange.connection.id
        ) { outcome, access in
            guard let access else { return }
            access.session.finishExec(queue, count, outcome, access.connection)
            access.session.goOn(access.connection)
        }
        begin(result, exchange) { _ in exchange.output.error(StoredFailure.busy) }
    }

    /// The answers of the commands on keys, and between them those of the others, which run now.
    private mutating func finishExec(
        _ queue: [UInt8], _ count: Int, _ outcome: Result<StoredCommands.Answers, DatabaseError>,
        _ connection: Connection<RESP>
    ) {
        var exchange = Exchange(connection, UnsafeRawBufferPointer(start: nil, count: 0), version: version)
        switch outcome {
        case .failure(let error): fail([.exec], error, &exchange.output, connection)
        case .success(let answers):
            guard !answers.isChanged else {
                exchange.output.nullArray()
                break
            }
            exchange.output.array(count)
            var next = 0
            runFramed(queue, &exchange) { session, exchange in
                let found = exchange.database._withUnsafeGuaranteedRef { $0.commands.find(exchange.argument(0)) }
                guard let command = found?.command else { return }
                guard command.isAboutKeys else { return session.execute(command, &exchange) }
                answers.withAnswer(next) { exchange.output.append($0) }
                next += 1
            }
        }
        exchange.output.flush()
    }
}

extension StoredCommands.Answers {
    func withAnswer(_ index: Int, _ body: (UnsafeRawBufferPointer) -> Void) {
        guard ends.indices.contains(index) else { return }
        let start = index == 0 ? 0 : ends[index - 1]
        bytes.withUnsafeBytes { body(UnsafeRawBufferPointer(rebasing: $0[start..<ends[index]])) }
    }
}

private func count(_ commands: [Command], _ ends: [Int], _ connection: Connection<RESP>) {
    var start = 0
    for (command, end) in zip(commands, ends) {
        connection.requestDone(
            method: command.text, target: Span(), status: 0, bytes: UInt64(end - start), failed: false)
        start = end
    }
}

/// Answers each command with the same error.
private func fail(
    _ commands: [Command], _ error: DatabaseError, _ output: inout Output, _ connection: Connection<RESP>
) {
    let failure = StoredFailure(error)
    if failure.isOurs { connection.services.error("the database has failed: \(error)") }
    for command in commands {
        let before = output.bytes
        output.error(failure.text)
        connection.requestDone(
            method: command.text, target: Span(), status: 0, bytes: UInt64(output.bytes - before),
            failed: failure.isOurs)
    }
}
