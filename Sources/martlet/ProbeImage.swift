import ArgumentParser
import Instances
import PluginHost

/// The child process of the probe: tries an image and reports the result to its parent. Not for users.
struct ProbeImage: ParsableCommand {
    static let configuration = CommandConfiguration(commandName: "probe-image", shouldDisplay: false)

    @Argument var path: String
    @Option var memory: UInt64
    @Option var seconds: UInt64
    /// Without this flag the image is only described.
    @Flag var exercise = false

    func run() {
        ProbeChild.run(
            path: path, mode: exercise ? .exercise : .describe, memoryLimit: memory, secondsLimit: seconds)
    }
}
