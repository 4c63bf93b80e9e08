import ArgumentParser
import PluginHost

/// The child of the probe: loads an image and tells its parent what it found. Not for people.
struct ProbeImage: ParsableCommand {
    static let configuration = CommandConfiguration(commandName: "probe-image", shouldDisplay: false)

    @Argument var path: String
    @Option var memory: UInt64
    @Option var seconds: UInt64

    func run() { ProbeChild.run(path: path, memoryLimit: memory, secondsLimit: seconds) }
}
