/// What preconditions need to know about the representation that a request would get or change.
package struct RepresentationState: Sendable {
    /// False for a resource without a current representation; `*` tests this.
    package var exists: Bool
    package var lastModified: HTTPDate?

    package init(exists: Bool = true, lastModified: HTTPDate? = nil) {
        self.exists = exists
        self.lastModified = lastModified
    }
}

/// What the conditional fields of a request say to do.
package enum PreconditionOutcome: Equatable, Sendable {
    /// Perform the method, and use a `Range`.
    case proceed
    /// Perform the method as if there were no `Range`: If-Range says that the peer has parts of an older representation.
    case ignoreRange
    /// Answer 304.
    case notModified
    /// Answer 412.
    case preconditionFailed
}

extension RequestHead {
    /// Evaluates the conditional fields in the order of RFC 9110 13.2.2. Call it when the answer would otherwise be 2xx (13.2.1).
    ///
    /// `entityTag` is the current tag as it would be sent, quotes included; empty when there is none. `now` is the time of the
    /// answer.
    package func evaluatePreconditions(
        in input: RawSpan, _ state: RepresentationState, entityTag: RawSpan, now: HTTPDate
    ) -> PreconditionOutcome {
        // RFC 9110 13.2.1: preconditions do not apply to methods that select no representation.
        if method == .options || method == .trace || method == .connect { return .proceed }
        let isRead = method == .get || method == .head
        if ifMatch.isPresent {
            guard matches(.ifMatch, ifMatch, input, state, entityTag) else { return .preconditionFailed }
        } else if isModified(since: ifUnmodifiedSince, .ifUnmodifiedSince, input, state, now) == true {
            return .preconditionFailed
        }
        if ifNoneMatch.isPresent {
            if matches(.ifNoneMatch, ifNoneMatch, input, state, entityTag) {
                return isRead ? .notModified : .preconditionFailed
            }
        } else if isRead, isModified(since: ifModifiedSince, .ifModifiedSince, input, state, now) == false {
            return .notModified
        }
        guard method == .get, range.isPresent, ifRange.isPresent else { return .proceed }
        return allowsRange(input, state, entityTag, now) ? .proceed : .ignoreRange
    }

    /// What `Range` selects of `length` bytes. `Range` is defined only for GET; a repeated field is ignored (RFC 9110 14.2).
    package func selectRange(in input: RawSpan, length: UInt64) -> RangeSelection {
        guard method == .get, range.isPresent, !repeatedFields.contains(.range) else { return .whole }
        return RangeSelection(range, in: input, length: length)
    }
}

extension RequestHead {
    /// If-Match compares strongly (13.1.1), If-None-Match weakly (13.1.2). Both are lists, and further lines continue the list.
    private func matches(
        _ field: KnownField, _ value: BufferRange, _ input: RawSpan, _ state: RepresentationState, _ entityTag: RawSpan
    ) -> Bool {
        let comparison: EntityTag.Comparison = field == .ifMatch ? .strong : .weak
        if EntityTagList.matches(value, in: input, entityTag, exists: state.exists, comparison) { return true }
        guard repeatedFields.contains(field) else { return false }
        var iterator = FieldIterator(self)
        while let line = iterator.next(in: input) {
            guard KnownField(line.name, in: input) == field else { continue }
            if EntityTagList.matches(line.value, in: input, entityTag, exists: state.exists, comparison) { return true }
        }
        return false
    }

    /// Nil when the field must be ignored: it is absent, repeated or not a date, or there is nothing to compare it with (13.1.3
    /// and 13.1.4).
    private func isModified(
        since value: BufferRange, _ field: KnownField, _ input: RawSpan, _ state: RepresentationState, _ now: HTTPDate
    ) -> Bool? {
        guard value.isPresent, !repeatedFields.contains(field), state.exists,
            let lastModified = state.lastModified,
            let date = HTTPDate(value, in: input, now: now)
        else { return nil }
        return lastModified > date
    }

    /// RFC 9110 13.1.5: a strong tag that matches, or exactly the same date. The date must be a strong validator, that is, at
    /// least one second old (8.8.2.2), because the file may have changed again within that second.
    private func allowsRange(
        _ input: RawSpan, _ state: RepresentationState, _ entityTag: RawSpan, _ now: HTTPDate
    ) -> Bool {
        guard !repeatedFields.contains(.ifRange), state.exists else { return false }
        if let tag = EntityTag(from: ifRange.lower, to: ifRange.upper, in: input) {
            return tag.opaque.upper == ifRange.upper && tag.matches(entityTag, in: input, .strong)
        }
        guard let lastModified = state.lastModified, let date = HTTPDate(ifRange, in: input, now: now) else {
            return false
        }
        return date == lastModified && lastModified < now
    }
}
