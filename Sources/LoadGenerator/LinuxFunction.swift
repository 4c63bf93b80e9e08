import Glibc

/// Functions of libc that Swift's Glibc module does not export (`sys/epoll.h` is not part of it, `sched_setaffinity` is behind
/// `_GNU_SOURCE`), found by name. libc is always loaded, so a missing name is a mistake in this module.
enum LinuxFunction {
    typealias EpollCreate = @convention(c) (_ flags: Int32) -> Int32
    typealias EpollControl = @convention(c) (Int32, _ operation: Int32, Int32, UnsafeMutableRawPointer?) -> Int32
    typealias EpollWait = @convention(c) (Int32, UnsafeMutableRawPointer, Int32, _ milliseconds: Int32) -> Int32
    typealias SetAffinity = @convention(c) (pid_t, _ bytes: Int, UnsafeRawPointer) -> Int32

    static func find<Function>(_ name: String, as type: Function.Type) -> Function {
        guard let symbol = dlsym(nil, name) else { fatalError("libc has no \(name)") }
        return unsafeBitCast(symbol, to: type)
    }
}
