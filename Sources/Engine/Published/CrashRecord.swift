import CLinux

/// What a process has recorded of its crash, in its signal handler.
package struct CrashRecord: Sendable {
    package let signal: Int32
    /// What the thread that crashed was running; nil: no callback.
    package let callback: RunningCallback.Observation?
    /// Its name.
    package let thread: String
    /// Where it was: the instruction itself, then return addresses.
    package let addresses: [UInt64]

    /// nil: nothing is recorded. The process may have written anything here before it died.
    init?(_ record: UnsafePointer<linux_crash>) {
        var copy = record.pointee
        guard copy.state != 0 else { return nil }
        signal = copy.signal
        callback = RunningCallback.Observation(word: copy.callback)
        let name = withUnsafeBytes(of: &copy.thread) { Array($0.prefix { $0 != 0 }) }
        thread = String(decoding: name, as: UTF8.self)
        let count = min(Int(copy.address_count), Int(LINUX_CRASH_ADDRESSES))
        addresses = withUnsafeBytes(of: &copy.addresses) { Array($0.bindMemory(to: UInt64.self).prefix(count)) }
    }
}
