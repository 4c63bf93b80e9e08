/// A piece of memory from a `BufferPool`.
package struct Buffer {
    package var base: UnsafeMutableRawPointer
    package var capacity: Int
}
