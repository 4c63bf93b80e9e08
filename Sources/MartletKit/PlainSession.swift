/// A session that holds no pointers: numbers, and fixed arrays and enums of them. It moves to another generation as it lies in
/// memory, without a call, when both have the same layout.
///
/// It holds no class, no array, no string and no closure, which the compiler checks, and no unsafe pointer, which the host
/// looks for when it tries the plugin out.
public protocol PlainSession: Session, BitwiseCopyable {
    /// A name for the order and meaning of what the session stores, such as `echo.session/2`. Change the name with each change of
    /// those: nothing else tells the two apart. Sessions whose names differ do not move, unless they are also a
    /// `RestorableSession`.
    static var layout: String { get }
}
