import CTOML
import Glibc

/// toml++, in this process.
enum TOMLShim {
    /// In the form that `ctoml.h` describes.
    static func answer(to text: [UInt8]) -> [UInt8] {
        var count = 0
        let answer = unsafe text.withUnsafeBytes { bytes in
            unsafe ctoml_parse(bytes.baseAddress?.assumingMemoryBound(to: CChar.self), bytes.count, &count)
        }
        // When there is no memory for the answer, there is none to report that either.
        guard let answer = unsafe answer else { abort() }
        defer { unsafe free(answer) }
        return unsafe Array(UnsafeBufferPointer(start: answer, count: count))
    }
}
