import ChildProcess
import Glibc

extension TOMLParser {
    /// Wall-clock time for one text; measured, the largest takes a tenth of a second.
    private static let textTimeout = Duration.seconds(5)
    /// For all texts of a load. Reached when several hang.
    private static let timeout = Duration.seconds(15)

    /// Parses in a child process, one for all texts. When the child dies, hangs or sends an answer that is too long, its text
    /// fails, and another child continues with the next text. An answer that cannot be read fails its text alone.
    ///
    /// - Parameter executable: this program, `martlet`. It is started with the argument `parse-files`.
    package static func child(
        executable: String = "/proc/self/exe", textTimeout: Duration = textTimeout, timeout: Duration = timeout
    ) -> TOMLParser {
        TOMLParser { texts in
            var outcomes: [Outcome] = []
            let deadline = ContinuousClock.now + timeout
            while outcomes.count < texts.count {
                let rest = texts[outcomes.count...]
                guard ContinuousClock.now < deadline else {
                    return outcomes
                        + rest.map { failure(of: $0, "is not parsed: the files before it took \(text(of: timeout))") }
                }
                do throws(ChildProcess.Problem) {
                    outcomes += try outcomesOfOneChild(rest, executable, textTimeout)
                } catch {
                    return outcomes + rest.map { failure(of: $0, "cannot be parsed: \(error.text)") }
                }
            }
            return outcomes
        }
    }

    /// Returns at least one outcome.
    private static func outcomesOfOneChild(
        _ texts: ArraySlice<Text>, _ executable: String, _ timeout: Duration
    ) throws(ChildProcess.Problem) -> [Outcome] {
        var input: [UInt8] = []
        for text in texts {
            input.append(number: text.text.utf8.count)
            input += text.text.utf8
        }
        let child = try ChildProcess(
            executable: executable, arguments: ["martlet", ParserChild.command], input: input)
        var answers = ChildAnswers(reading: child.output)
        var outcomes: [Outcome] = []
        for text in texts {
            let limit = TreeReader.sizeLimit(ofText: text.text.utf8.count)
            switch answers.next(sizeLimit: limit, deadline: .now + timeout) {
            case .answer(let answer): outcomes.append(outcome(of: text, answer: answer))
            case let end:
                child.kill()
                let ending = child.wait()
                return outcomes + [failure(of: text, reason(end, ending, timeout))]
            }
        }
        // The child has answered every text and has nothing left to do.
        child.kill()
        _ = child.wait()
        return outcomes
    }

    private static func text(of duration: Duration) -> String {
        DurationText.render(nanoseconds: Int64(duration / .nanoseconds(1)))
    }

    private static func reason(
        _ end: ChildAnswers.Next, _ ending: ChildProcess.Ending, _ timeout: Duration
    ) -> String {
        switch end {
        case .timedOut: "the parser did not finish this file within \(text(of: timeout))"
        case .answer, .tooLong: "the parser's answer to this file cannot be read: it is too long"
        case .ended where ending.signal == SIGXCPU: "the parser used up its processor time on this file"
        case .ended where ending.signal == 0: "the parser exited with status \(ending.status) on this file"
        case .ended: "the parser crashed on this file (\(ending.signalName))"
        }
    }
}
