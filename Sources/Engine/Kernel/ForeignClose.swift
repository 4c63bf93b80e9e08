import CLinux
import Glibc

/// A descriptor of the engine that somebody else has closed: a plugin that closes what is not its own. From then on its number may belong to
/// another file, so bytes of one peer could reach another. A host ends itself before that.
enum ForeignClose {
    /// Called with the errno of a failed system call on a descriptor of the engine.
    @inline(never)
    static func check(_ error: Int32) {
        if error == EBADF || error == ENOTSOCK { found() }
    }

    /// A descriptor is not what the engine has opened.
    @inline(never)
    static func found() { linux_end_process("a plugin has closed a descriptor of the host", 0) }
}
