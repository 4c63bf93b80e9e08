import HTTPWire
import MartletKit

/// Answers for a file other than the whole file: 304, 206, 416.
extension Exchange {
    /// RFC 9110 15.4.5: the fields of a 200 that help a cache, and no content.
    func answerNotModified(_ file: CachedFilePointer) -> Flow {
        let cacheControl = connection.loop.files.folder(file.pointee.key.folder).cacheControl
        let output = head(.notModified, room: cacheControl.count) { writer in
            writer.fileFields(file.pointee.identity.entityTag, nil, cacheControl)
        }
        return finish(StatusCode.notModified.number, output)
    }

    /// RFC 9110 15.3.7: one part. A request for several parts gets the whole file (see `RangeSelection`).
    func answerPart(_ file: CachedFilePointer, _ range: ByteRange) -> Flow {
        let cacheControl = connection.loop.files.folder(file.pointee.key.folder).cacheControl
        var output = head(.partialContent, room: cacheControl.count) { writer in
            writer.contentType(file.pointee.mediaType)
            writer.contentLength(range.count)
            writer.contentRange(range, of: file.pointee.identity.size)
            writer.fileFields(file.pointee.identity.entityTag, file.pointee.lastModified, cacheControl)
        }
        if file.pointee.descriptor >= 0 {
            output.send(file, range.first, range.count)
        } else {
            output.write(
                UnsafeRawBufferPointer(rebasing: file.pointee.answer.content[Int(range.first)...Int(range.last)]))
        }
        return finish(StatusCode.partialContent.number, output)
    }

    /// RFC 9110 15.5.17.
    func answerUnsatisfiable(_ file: CachedFilePointer) -> Flow {
        let output = head(.rangeNotSatisfiable) { writer in
            writer.unsatisfiedRange(of: file.pointee.identity.size)
            writer.contentLength(0)
        }
        return finish(StatusCode.rangeNotSatisfiable.number, output)
    }

    private func head(
        _ status: StatusCode, room: Int = 0, _ writeFields: (inout ResponseHeadWriter) -> Void
    ) -> Output {
        let server = connection.plugin.settings.server
        var output = Output(connection)
        output.writeHead(room: 512 + room + server.bytes.count) { writer in
            writer.status(status)
            writer.date(connection.loop.date.text)
            writer.server(server)
            writeFields(&writer)
            writer.connection(keepsAlive: keepsAlive, for: version)
        }
        return output
    }
}
