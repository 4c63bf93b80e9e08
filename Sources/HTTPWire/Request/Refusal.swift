/// Why a request is not served. The plugin answers with `status` and `Connection: close`, and closes: after a refusal nobody
/// knows where the next request would start (RFC 9112 section 2.2 and 6.3).
package enum Refusal: UInt8, Error, CaseIterable, Sendable {
    // The request line.
    case malformedRequestLine, tooManyEmptyLines, invalidTarget, requestLineTooLong
    case methodNotImplemented, versionNotSupported, tls
    // Field lines, in heads and in trailer sections.
    case bareLineFeed, bareCarriageReturn, controlCharacter, invalidFieldName, blankBeforeColon, lineFolding
    case tooManyFields, fieldSectionTooLarge
    // The meaning of the fields.
    case missingHost, repeatedHost, invalidHost
    case invalidContentLength, repeatedContentLength
    case invalidTransferEncoding, repeatedTransferEncoding, transferCodingNotImplemented
    case transferEncodingWithContentLength, transferEncodingBeforeHTTP11
    case unknownExpectation
    // Bodies.
    case bodyTooLarge, invalidChunkSize, invalidChunkExtension, chunkExtensionsTooLarge, chunkTooLong
    // Paths.
    case invalidPercentEscape, encodedSlash, nulInPath, pathAboveRoot, pathTooLong

    package var status: StatusCode {
        switch self {
        case .requestLineTooLong, .pathTooLong: .uriTooLong
        case .methodNotImplemented, .transferCodingNotImplemented: .notImplemented
        case .versionNotSupported: .httpVersionNotSupported
        case .tooManyFields, .fieldSectionTooLarge: .requestHeaderFieldsTooLarge
        case .unknownExpectation: .expectationFailed
        case .bodyTooLarge: .contentTooLarge
        default: .badRequest
        }
    }
}
