import ChildProcess
import FoundationEssentials
import Glibc
import Instances

/// Tests an image in a child process, under limits on time and memory: loads it, and plays peers against it.
package struct ImageProbe: Sendable {
    /// The program that the child executes: this one.
    package var executable: String
    /// Wall-clock time that the child may take.
    package var timeoutMilliseconds: Int
    /// Address space of the child in bytes; 0 means no limit.
    package var memoryLimit: UInt64

    package init(executable: String = "/proc/self/exe", timeoutMilliseconds: Int = 5_000, memoryLimit: UInt64 = 1 << 30)
    {
        self.executable = executable
        self.timeoutMilliseconds = timeoutMilliseconds
        self.memoryLimit = memoryLimit
    }

    /// Returns the description of the plugin in a staged image.
    package func describe(_ image: StagedImage) throws(ProbeFailure) -> PluginDescription {
        try run(image, [], input: [])
    }

    /// Exercises the plugin in a staged image with these options.
    package func exercise(_ image: StagedImage, options: OptionValue) throws(ProbeFailure) -> ExerciseReport {
        // Scripts begin only in the first half of the time. A script that is running then has the other half before it counts as hanging.
        let request = ExerciseRequest(
            options: options, seed: ExerciseRequest.seed(ofHash: image.hash),
            budgetMilliseconds: timeoutMilliseconds / 2)
        return try run(image, ["--exercise"], input: Array(ProbeMessage.json(request).utf8))
    }

    private func run<Answer: Decodable>(
        _ image: StagedImage, _ mode: [String], input: [UInt8]
    ) throws(ProbeFailure) -> Answer {
        let words = [
            "martlet", "probe-image", image.path, "--memory", String(memoryLimit), "--seconds",
            String((timeoutMilliseconds + 999) / 1_000),
        ]
        let process: ChildProcess
        do throws(ChildProcess.Problem) {
            process = try ChildProcess(executable: executable, arguments: words + mode, input: input)
        } catch {
            throw .failed("cannot be probed: \(error.text)")
        }
        let output = ProbeOutput(reading: process.output, timeoutMilliseconds: timeoutMilliseconds)
        // Kills the child always, and before the wait: a child that has closed the pipe, or fills it, may still be running. A child
        // that has exited keeps its status.
        process.kill()
        let ending = process.wait()
        switch output.verdict {
        case .accepted(let json):
            guard let answer = try? JSONDecoder().decode(Answer.self, from: Data(json.utf8)) else {
                throw .failed("cannot be probed: the answer of the child cannot be read")
            }
            return answer
        case .refused(let reason): throw .refused(reason)
        case .notCreated(let failure): throw .notCreated(failure)
        case .step, nil: throw failure(output, ending)
        }
    }

    private func failure(_ output: ProbeOutput, _ ending: ChildProcess.Ending) -> ProbeFailure {
        let phrase = output.phrase
        if output.timedOut {
            return .timedOut("did not return within \(Double(timeoutMilliseconds) / 1_000) s \(phrase)")
        }
        if ending.signal == SIGXCPU { return .timedOut("used up its processor time \(phrase)") }
        let reason =
            ending.signal == 0
            ? "exited with status \(ending.status) \(phrase)"
            : "crashed (\(ending.signalName)) \(phrase)"
        // A plugin cannot do anything before it is loaded, and no program kills itself with SIGKILL.
        return phrase == ProbeStep.starting.phrase || ending.signal == SIGKILL ? .failed(reason) : .refused(reason)
    }
}
