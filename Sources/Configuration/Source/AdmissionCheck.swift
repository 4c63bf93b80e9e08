/// Called for each folder and file after it is opened and before its content is read. Returns why it must not be used, or nil.
///
/// Gets the descriptor, so that it checks the file that will be read even if the path leads to another by then, and the path as
/// it was given, for the message.
package typealias AdmissionCheck = @Sendable (_ descriptor: Int32, _ path: String) -> String?
