extension FrameEncoder {
    /// - Parameter message: at most 2,048 bytes.
    public static func authenticate(
        _ mechanism: AuthenticationMechanism, _ message: RawSpan, requestID: UInt32, into output: inout MutableRawSpan
    ) -> Encoded {
        guard requestID != 0, message.byteCount <= WireLimits.authenticationBytes else { return .outOfLimits }
        return encode(
            .authenticate, [], requestID: requestID, fields: .one(FixedFields.pair(mechanism.rawValue, 0)), message,
            into: &output)
    }

    /// The client is known.
    ///
    /// - Parameters:
    ///   - name: who it is, 1 to 255 bytes.
    ///   - message: at most 2,048 bytes; may be empty.
    public static func authenticated(
        _ name: RawSpan, isReadOnly: Bool, _ message: RawSpan, requestID: UInt32, into output: inout MutableRawSpan
    ) -> Encoded {
        guard 1...WireLimits.userNameBytes ~= name.byteCount, name.isUTF8(0..<name.byteCount),
            message.byteCount <= WireLimits.authenticationBytes
        else { return .outOfLimits }
        let rights = isReadOnly ? AuthenticateAnswer.readOnly : 0
        return encode(
            .authenticate, .response, requestID: requestID,
            fields: .two(FixedFields.pair(0, rights), FixedFields.pair(UInt16(name.byteCount), 0)), name, message,
            into: &output)
    }

    /// The client has one more message.
    public static func authenticationGoesOn(
        _ message: RawSpan, requestID: UInt32, into output: inout MutableRawSpan
    ) -> Encoded {
        guard message.byteCount <= WireLimits.authenticationBytes else { return .outOfLimits }
        return encode(
            .authenticate, .response, requestID: requestID,
            fields: .two(FixedFields.pair(AuthenticateAnswer.more, 0), 0), message, into: &output)
    }
}
