import Configuration
import Glibc

/// The steps of a reload.
package enum ReloadStep: String, CaseIterable, Sendable {
    case discover, copy, probe, validate, load, create, bind, commit, retire
}

/// Points at which a test can make a reload fail, one per step. Only in debug builds: `MARTLET_FAIL_POINT` names a file, whose
/// content names the step at which the next reload fails. The failing reload removes the file.
enum FailPoint {
    static func isSet(_ step: ReloadStep) -> Bool {
        #if DEBUG
            guard let path = getenv("MARTLET_FAIL_POINT"), let file = fopen(path, "r") else { return false }
            var buffer = [UInt8](repeating: 0, count: 64)
            let count = fread(&buffer, 1, buffer.count, file)
            fclose(file)
            guard String(decoding: buffer[..<count], as: UTF8.self) == step.rawValue else { return false }
            unlink(path)
            return true
        #else
            return false
        #endif
    }

    /// The refusal belongs to no listener, so it refuses a partial reload as well.
    static func refusal(_ step: ReloadStep) -> ListenerRefusal {
        ListenerRefusal("", [Diagnostic(file: "fail point", message: "failed at \(step.rawValue), as a test asked")])
    }
}
