/// First in, first out. Taking an element costs the same however many there are.
struct Queue<Element> {
    /// nil: taken.
    private(set) var elements: ContiguousArray<Element?> = []
    private var head = 0

    var count: Int { elements.count - head }
    var first: Element? { head < elements.count ? elements[head] : nil }

    mutating func append(_ element: Element) { elements.append(element) }

    mutating func takeFirst() -> Element? {
        guard let element = first else { return nil }
        elements[head] = nil
        head += 1
        if head == elements.count || head > 1_024 {
            // The memory of a burst is freed after it.
            if head == elements.count, elements.capacity > 4_096 { elements = [] } else { elements.removeFirst(head) }
            head = 0
        }
        return element
    }
}
