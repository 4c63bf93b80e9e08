/// Asked of each folder and file once it is open and before its content is read: why it is not to be used, or nil.
///
/// Told the descriptor, so that what is judged is what will be read, whatever the path leads to by then, and the path as
/// it was given, for the message.
package typealias AdmissionCheck = @Sendable (_ descriptor: Int32, _ path: String) -> String?
