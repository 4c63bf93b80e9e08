import CMartlet

/// Converts an option schema to the C struct of the descriptor.
func describe(_ option: Option) -> martlet_option {
    var described = martlet_option()
    described.size = UInt32(MemoryLayout<martlet_option>.size)
    described.key = permanent(option.key)
    described.help = permanent(option.help)
    if let value = option.defaultValue { described.default_value = permanent(value) }
    described.required = option.isRequired ? 1 : 0
    described.minimum = 1
    described.maximum = 0
    describe(option.kind, into: &described)
    return described
}

private func describe(_ kind: Option.Kind, into option: inout martlet_option) {
    option.type = type(of: kind)
    switch kind {
    case .boolean, .number, .path: break
    case .integer(let range), .size(let range): describe(range, into: &option)
    case .duration(let range):
        describe(range.map { $0.lowerBound.nanoseconds...$0.upperBound.nanoseconds }, into: &option)
    case .text(let choices):
        let texts = permanent(choices.map { permanent($0) })
        option.choices = UnsafePointer(texts.baseAddress)
        option.choice_count = texts.count
    case .list(let element):
        option.element = type(of: element)
        describeChildren(of: element, into: &option)
    case .table: describeChildren(of: kind, into: &option)
    }
}

private func describeChildren(of kind: Option.Kind, into option: inout martlet_option) {
    guard case .table(let children) = kind else { return }
    let described = permanent(children.map(describe))
    option.children = UnsafePointer(described.baseAddress)
    option.child_count = described.count
}

private func describe(_ range: ClosedRange<Int64>?, into option: inout martlet_option) {
    guard let range else { return }
    option.minimum = range.lowerBound
    option.maximum = range.upperBound
}

private func type(of kind: Option.Kind) -> martlet_type {
    switch kind {
    case .boolean: MARTLET_TYPE_BOOLEAN
    case .integer: MARTLET_TYPE_INTEGER
    case .number: MARTLET_TYPE_NUMBER
    case .text: MARTLET_TYPE_TEXT
    case .duration: MARTLET_TYPE_DURATION
    case .size: MARTLET_TYPE_SIZE
    case .path: MARTLET_TYPE_PATH
    case .list: MARTLET_TYPE_LIST
    case .table: MARTLET_TYPE_TABLE
    }
}

extension Duration {
    /// Saturating.
    fileprivate var nanoseconds: Int64 {
        let (seconds, attoseconds) = components
        let (scaled, overflow) = seconds.multipliedReportingOverflow(by: 1_000_000_000)
        return overflow ? (seconds < 0 ? .min : .max) : scaled + attoseconds / 1_000_000_000
    }
}

/// A copy of a text that lives as long as the image.
func permanent(_ text: String) -> martlet_text {
    let bytes = permanent(Array(text.utf8CString.dropLast()))
    return martlet_text(data: UnsafePointer(bytes.baseAddress), length: bytes.count)
}

/// A copy of an array that lives as long as the image.
func permanent<Element>(_ elements: [Element]) -> UnsafeMutableBufferPointer<Element> {
    guard !elements.isEmpty else { return UnsafeMutableBufferPointer(start: nil, count: 0) }
    let memory = UnsafeMutableBufferPointer<Element>.allocate(capacity: elements.count)
    _ = memory.initialize(from: elements)
    return memory
}
