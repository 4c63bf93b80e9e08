import MartletKit

/// Counts lines. The plugin answers each line of a peer with its number and its length.
struct LineCount: Plugin {
    static let manifest = Manifest(
        name: "line-count", version: "1.0.0", summary: "Counts lines",
        example: "printf 'one\\ntwo\\nquit\\n' | nc {host} {port}",
        options: [
            Option("max_line", .size(16...65_536), default: "\"4KiB\"", help: "Longest line."),
            Option("greeting", .text(), default: "\"\"", help: "The first line for each peer; empty: no greeting."),
        ],
        operations: [
            Operation(
                "lines", on: .loops, help: "Lines since the last swap",
                function: { env in
                    LineCount.operate(onLoop: env) { _, loop in loop.lines }
                } as @convention(c) (OperationEnv) -> UInt64)
        ])

    /// Bytes.
    let maxLine: Int
    let greeting: String
    let linesTotal: Metric<LineCount>
    let lineBytes: Histogram<LineCount>

    init(options: Options, host: Host<LineCount>) throws(OptionError) {
        maxLine = try options.size("max_line")
        greeting = try options.text("greeting")
        if greeting.contains("\n") { throw OptionError(options.pathOf("greeting"), "must be one line") }
        linesTotal = host.counter("lines_total", help: "Lines that peers have sent.")
        lineBytes = host.histogram("line_bytes", help: "Lengths of lines.", bounds: [16, 64, 256, 1024])
    }

    /// The state that the sessions of one event loop share, without locks.
    struct LoopState {
        var lines: UInt64 = 0
    }

    func makeLoopState(loop: Int) -> LoopState { LoopState() }
}

@c(martlet_plugin_entry)
public func entry(hostABI: UInt32) -> UnsafeRawPointer? { exportPlugin(LineCount.self) }
