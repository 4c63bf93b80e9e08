/// The sorted routes of a `RouteTable`. Trivial, and apart from what owns them: a call on the table itself would retain
/// its arrays, at each request.
struct RouteIndex {
    let routes: UnsafePointer<Route>
    let count: Int

    /// The longest route that answers `path`, which is not empty.
    ///
    /// Every string between a prefix and something that begins with it, in sorted order, begins with it as well. So the
    /// last route not above `path`, or one of its parents, is the longest match.
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
