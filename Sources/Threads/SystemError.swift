import Glibc

/// A failed system call: its name, what it was called on, and the errno.
package struct SystemError: Error, CustomStringConvertible {
    package let call: String
    package let subject: String
    package let errno: Int32

    /// Uses the thread's current errno.
    package init(_ call: String, _ subject: String = "") {
        self.init(call, subject, errno: Glibc.errno)
    }

    package init(_ call: String, _ subject: String = "", errno: Int32) {
        self.call = call
        self.subject = subject
        self.errno = errno
    }

    /// The text of the errno: strerror(3).
    package var reason: String { String(cString: strerror(errno)) }

    package var description: String {
        subject.isEmpty ? "\(call): \(reason)" : "\(call) \(subject): \(reason)"
    }
}
