/// A session without pointers: only numbers, and fixed arrays and enums of them. If both generations have the same layout, the host copies
/// the memory of the session to the new one, without calling the plugin.
///
/// It contains no class, array, string or closure, which the compiler checks, and no unsafe pointer, which the host checks when it probes
/// the plugin.
public protocol PlainSession: Session, BitwiseCopyable {
    /// A name for the order and meaning of the stored properties, such as `echo.session/2`. Change the name whenever you change either of
    /// them: nothing else tells the two layouts apart. Sessions with different names do not move, unless they are also a
    /// `RestorableSession`.
    static var layout: String { get }
}
