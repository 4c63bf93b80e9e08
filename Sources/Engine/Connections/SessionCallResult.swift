import CMartlet

/// The result of a call of a session.
struct SessionCallResult: Sendable {
    /// Of `opened` and `received`.
    var status: martlet_result = MARTLET_OK
    /// Of `received`: bytes consumed.
    var consumed = 0
}
