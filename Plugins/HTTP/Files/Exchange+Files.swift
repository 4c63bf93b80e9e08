import HTTPWire
import MartletKit

extension Exchange {
    /// Answers with a file of the folder.
    ///
    /// - Parameters:
    ///   - path: in normal form.
    ///   - prefix: the number of bytes of `path` before the file's path in the folder.
    func answerFile(_ head: RequestHead, _ input: Bytes, _ path: Bytes, below prefix: Int, folder: Int) -> Flow {
        let second = connection.loop.date.second
        let found = connection.loop.files.find(
            path.from(prefix), in: folder, at: second, connection.plugin.metrics)
        switch found {
        case .file(let file):
            defer { file.release() }
            return answer(file, head, input)
        case .directory:
            // If the path ends with a slash, the index file turned out to be a directory.
            if path.last == UInt8(ascii: "/") { return answer(.notFound) }
            return redirectToFolder(path, query: input.part(head.query))
        // A folder without an index is not listed, and the answer does not reveal that it exists.
        case .missing: return answer(.notFound)
        case .forbidden: return answer(.forbidden)
        case .unavailable: return answer(.serviceUnavailable)
        case .failed: return answer(.internalServerError)
        }
    }

    private func answer(_ file: CachedFilePointer, _ head: RequestHead, _ input: Bytes) -> Flow {
        guard head.isConditionalOrPartial else { return answerWhole(file) }
        let request = RawSpan(_unsafeBytes: UnsafeRawBufferPointer(input))
        let state = RepresentationState(lastModified: file.pointee.lastModified)
        let now = HTTPDate(secondsSinceEpoch: connection.loop.date.second)
        let outcome = file.pointee.identity.entityTag.withBytes {
            head.evaluatePreconditions(in: request, state, entityTag: $0, now: now)
        }
        switch outcome {
        case .preconditionFailed: return answer(.preconditionFailed)
        case .notModified: return answerNotModified(file)
        case .ignoreRange: return answerWhole(file)
        case .proceed: break
        }
        switch head.selectRange(in: request, length: file.pointee.identity.size) {
        case .whole: return answerWhole(file)
        case .partial(let range): return answerPart(file, range)
        case .unsatisfiable: return answerUnsatisfiable(file)
        }
    }

    private func answerWhole(_ file: CachedFilePointer) -> Flow {
        file.pointee.answer.update(connection.loop.date)
        if file.pointee.descriptor < 0 { return answer(file.pointee.answer) }
        var output = Output(connection)
        output.write(file.pointee.answer.head)
        output.write(endOfHead)
        if !isHead { output.send(file, 0, file.pointee.identity.size) }
        return finish(StatusCode.ok.number, output)
    }
}

extension RequestHead {
    fileprivate var isConditionalOrPartial: Bool {
        ifMatch.isPresent || ifNoneMatch.isPresent || ifModifiedSince.isPresent || ifUnmodifiedSince.isPresent
            || range.isPresent
    }
}

extension Output {
    /// Sends a part of a larger file, which stays open until the host has sent the part.
    mutating func send(_ file: CachedFilePointer, _ offset: UInt64, _ length: UInt64) {
        file.retain()
        send(file.pointee.descriptor, offset, length, context: file) {
            $0?.assumingMemoryBound(to: CachedFile.self).release()
        }
    }
}
