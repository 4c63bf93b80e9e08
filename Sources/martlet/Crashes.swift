import ArgumentParser
import Configuration
import Glibc
import Server

struct Crashes: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Show the crashes of plugins, also without a server.",
        discussion: """
            The server keeps the latest hundred reports in its state directory. A report names the listener, the plugin and \
            the callback, and has a backtrace of the thread that crashed. It has no data of peers.
            """,
        subcommands: [List.self, Show.self], defaultSubcommand: List.self)

    struct Options: ParsableArguments {
        @OptionGroup var process: ProcessFileOption

        @Flag(help: "Print JSON for machines.")
        var json = false

        func reports() throws -> [CrashReport] {
            let loaded = ConfigurationFolder.load(
                directory: nil, processFile: process.processFile(for: "plugins.d"), parser: .child())
            for diagnostic in loaded.diagnostics { printError(diagnostic.description) }
            guard loaded.isValid else { throw ExitStatus.refused }
            return CrashStore(state: StateDirectory(configured: loaded.process.stateDirectory).path).reports
        }
    }

    struct List: ParsableCommand {
        static let configuration = CommandConfiguration(abstract: "List the crashes, the latest last.")

        @OptionGroup var options: Options

        func run() throws {
            let reports = try options.reports()
            if options.json { return try printJSON(reports) }
            printTable(
                [["NUMBER", "TIME", "CAUSE", "LISTENER", "PLUGIN", "VERSION", "GEN", "CALLBACK", "FUNCTION"]]
                    + reports.map { report in
                        let function = report.backtrace.first { $0.function != nil }?.function.map(demangled)
                        return [
                            "\(report.number)", report.time, report.cause, report.listener ?? "-", report.plugin ?? "-",
                            report.version ?? "-", report.generation.map { "\($0)" } ?? "-", report.callback ?? "-",
                            function ?? "-",
                        ]
                    })
        }
    }

    struct Show: ParsableCommand {
        static let configuration = CommandConfiguration(abstract: "Show one crash with its backtrace.")

        @Argument(help: "The number of the crash; the latest if you name none.")
        var number: Int?

        @OptionGroup var options: Options

        func run() throws {
            let reports = try options.reports()
            guard let report = number.map({ number in reports.first { $0.number == number } }) ?? reports.last else {
                printError(
                    number.map { "no report of a crash \($0); see: martlet crashes list" } ?? "no crash is reported")
                throw ExitStatus.refused
            }
            if options.json { return try printJSON(report) }
            for line in lines(report) { print(line) }
        }

        private func lines(_ report: CrashReport) -> [String] {
            var lines = ["crash \(report.number), \(report.time): \(report.cause)"]
            if let listener = report.listener {
                let plugin = [report.plugin, report.version].compactMap { $0 }.joined(separator: " ")
                let generation = report.generation.map { ", generation \($0)" } ?? ""
                lines.append("  listener  \(listener): \(plugin)\(generation)")
            }
            if let hash = report.hash { lines.append("  hash      \(hash)") }
            if let callback = report.callback { lines.append("  callback  \(callback)") }
            if !report.thread.isEmpty { lines.append("  thread    \(report.thread)") }
            if report.backtrace.isEmpty { return lines + ["  no backtrace: the process had no time to write one"] }
            return lines
                + report.backtrace.enumerated().map { index, frame in
                    let place = frame.function.map { "\(demangled($0)) + \(frame.offset ?? 0)" } ?? "?"
                    let address = String(frame.address, radix: 16)
                    return "  \(index)  \(place)  [\(frame.object.isEmpty ? "?" : frame.object) 0x\(address)]"
                }
        }
    }
}

/// A Swift name as its author wrote it; other names unchanged.
private func demangled(_ name: String) -> String {
    guard name.hasPrefix("$s") || name.hasPrefix("$S") else { return name }
    // The runtime looks for the zero at the end, in spite of the length.
    guard let text = swiftDemangle(name, UInt(name.utf8.count), nil, nil, 0) else { return name }
    defer { free(text) }
    return String(cString: text)
}

/// Of the Swift runtime.
@_silgen_name("swift_demangle")
private func swiftDemangle(
    _ name: UnsafePointer<CChar>?, _ length: UInt, _ buffer: UnsafeMutablePointer<CChar>?,
    _ size: UnsafeMutablePointer<UInt>?, _ flags: UInt32
) -> UnsafeMutablePointer<CChar>?
