/// Called by `mutate.c`: runs the configuration target on a mutated file, or only copies the file. Returns the size of the file.
@c(martlet_mutate)
public func mutate(_ seed: UInt64, _ number: UInt64, _ copy: UnsafeMutablePointer<UInt8>?, _ capacity: Int) -> Int {
    let file = MutatedFile(seed: seed, number: number)
    if let copy {
        for (offset, byte) in file.bytes.prefix(capacity).enumerated() { copy[offset] = byte }
    } else {
        file.bytes.withUnsafeBytes(checkConfiguration)
    }
    return file.bytes.count
}
