/// The sorted routes of a `RouteTable`. A trivial type, separate from the owner of the routes: a call on the table itself
/// would retain its arrays for each request.
struct RouteIndex {
    let routes: UnsafePointer<Route>
    let count: Int

    /// The longest route that answers `path`, which is not empty.
    ///
    /// In sorted order, every string between a prefix and a string that begins with it also begins with it. So the longest
    /// match is the last route that is not after `path`, or one of the parents of that route.
    @inline(__always)
    func longestMatch(for path: Bytes) -> UnsafePointer<Route>? {
        var low = 0
        var high = count
        while low < high {
            let middle = (low &+ high) / 2
            if routes[middle].path.compare(to: path) <= 0 { low = middle &+ 1 } else { high = middle }
        }
        var index = low &- 1
        while index >= 0 {
            if routes[index].matches(path) { return routes + index }
            index = Int(routes[index].parent)
        }
        return nil
    }
}
