import ArgumentParser
import Glibc

/// Reads secrets from where no list of processes shows them.
enum Password {
    /// - Parameter file: nil: the terminal, without showing what is typed; else standard input, as for "-".
    static func read(_ file: String?) throws -> String {
        if let file, file != "-" {
            guard let stream = fopen(file, "re") else {
                throw ValidationError("\(file): \(String(cString: strerror(errno)))")
            }
            defer { fclose(stream) }
            guard let line = line(of: stream) else { throw ValidationError("\(file): expected a line") }
            return line
        }
        guard file == nil, isatty(STDIN_FILENO) == 1 else {
            guard let line = readLine() else { throw ValidationError("standard input: expected a line") }
            return line
        }
        let first = try ask("Password: ")
        guard try ask("Again: ") == first else { throw ValidationError("the two passwords differ") }
        return first
    }

    private static func ask(_ prompt: String) throws -> String {
        var usual = termios()
        tcgetattr(STDIN_FILENO, &usual)
        var silent = usual
        silent.c_lflag &= ~tcflag_t(ECHO)
        tcsetattr(STDIN_FILENO, TCSAFLUSH, &silent)
        defer {
            tcsetattr(STDIN_FILENO, TCSAFLUSH, &usual)
            show("\n")
        }
        show(prompt)
        guard let line = readLine() else { throw ExitStatus.refused }
        return line
    }

    private static func show(_ text: String) { _ = text.withCString { write(STDERR_FILENO, $0, strlen($0)) } }

    /// Without its end; nil: there is none.
    private static func line(of stream: UnsafeMutablePointer<FILE>) -> String? {
        var (text, capacity): (UnsafeMutablePointer<CChar>?, Int) = (nil, 0)
        defer { free(text) }
        guard getline(&text, &capacity, stream) >= 0, let text else { return nil }
        return String(String(cString: text).prefix { $0 != "\n" && $0 != "\r" && $0 != "\r\n" })
    }
}
