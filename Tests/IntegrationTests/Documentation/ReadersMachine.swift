import Glibc

/// A machine like that of someone reading the documentation: a built checkout, the sample plugins served on their ports, and nothing
/// else running. It runs a page's commands, one block after another.
///
/// It is a set of namespaces (processes, network, mounts) with its own ports, `/run`, `/etc` and `/var/lib`. Nothing outlives it.
struct ReadersMachine {
    struct Typed {
        let block: CodeBlock
        let status: Int
        /// One output for a `sh` block, one per command for a `console` block.
        let outputs: [String]
        /// The output of the commands before and after the block.
        let preparation: String
    }

    /// Many containers forbid namespaces, or mounts inside them.
    static let isAvailable =
        (try? Subprocess.run(unshare[0], unshare.dropFirst() + ["sh", "-ec", separation]).status) == 0

    private static let unshare =
        ["unshare"] + (geteuid() == 0 ? [] : ["--user", "--map-root-user"])
        + ["--net", "--mount", "--pid", "--fork", "--kill-child", "--mount-proc"]

    private let folder: TemporaryFolder

    /// A checkout in which `.build/release` is the build under test.
    init() throws {
        folder = try TemporaryFolder()
        try link(BuildFolder.path, as: ".build/release")
        for name in ["Plugins", "SDK", "Sources", "Tests", "scripts", "Makefile"] {
            try link("\(BuildFolder.package)/\(name)", as: name)
        }
        guard mkdir(path("plugins.d"), 0o755) == 0, mkdir(path("blocks"), 0o755) == 0 else {
            throw Failure.system("mkdir")
        }
        let samples = [("http", "HTTP"), ("echo", "Echo"), ("binary", "Binary"), ("chat", "Chat"), ("resp", "RESP")]
        for (name, library) in samples {
            let sample = try Files.read("\(BuildFolder.package)/plugins.d/\(name).toml")
            try Files.replace(path("plugins.d/\(name).toml"), with: sample, mode: 0o644)
            try Files.replace(path("plugins.d/\(name).so"), with: Files.read(BuildFolder.plugin(library + "Plugin")))
        }
    }

    private func path(_ name: String) -> String { "\(folder.path)/\(name)" }

    private func link(_ target: String, as name: String) throws {
        if name.contains("/") { mkdir(path(".build"), 0o755) }
        guard symlink(target, path(name)) == 0 else { throw Failure.system("symlink \(name)") }
    }

    /// Runs the blocks of a page while the server serves the samples.
    func type(_ blocks: [CodeBlock]) throws -> [Typed] {
        for block in blocks {
            if let file = block.file { try write(file, block.text) }
        }
        let shells = blocks.filter { ["sh", "console"].contains($0.language) && $0.reasonNotToRun == nil }
        for (index, block) in shells.enumerated() {
            let preparation = "exec >blocks/\(index).before 2>&1\n\(block.before)\nexec >blocks/\(index).0 2>&1\n"
            try write("blocks/\(index)", preparation + Self.script(block, index) + Self.cleaning(block, index))
        }
        try write("type", Self.separation + Self.machine)
        let process = try Subprocess(
            Self.unshare[0], Self.unshare.dropFirst() + ["sh", "-e", path("type"), folder.path, "\(shells.count)"])
        process.closeInput()
        let result = try process.wait(within: .seconds(600))
        guard result.status == 0 else { throw Failure("run the page's blocks: \(result.output)\(result.errors)") }
        return try shells.enumerated().map { index, block in
            let status = Int(try Files.text(path("blocks/\(index).status")).filter(\.isNumber)) ?? -1
            let outputs = try (0..<max(block.commands.count, 1)).map { "blocks/\(index).\($0)" }
                .filter { Files.exists(path($0)) }.map { try Files.text(path($0)) }
            return Typed(
                block: block, status: status, outputs: outputs,
                preparation: try Files.text(path("blocks/\(index).before")))
        }
    }

    private func write(_ name: String, _ text: String) throws {
        try Files.replace(path(name), with: Array(text.utf8), mode: 0o644)
    }

    private static func script(_ block: CodeBlock, _ index: Int) -> String {
        if block.language == "console" {
            return block.commands.enumerated().map { number, command in
                "{ \(command.line)\n} >blocks/\(index).\(number) 2>&1 || true\n"
            }.joined()
        }
        guard block.words == "serves" else { return block.text }
        let stop = "pkill -TERM -x martlet\nwhile pgrep -x martlet; do sleep 0.02; done\n"
        return stop
            + block.text.split(separator: "\n").map { line in
                """
                \(String(line.prefix { $0 != "#" })) &
                until martlet status; do kill -0 $!; sleep 0.02; done
                kill -TERM $!
                wait $!

                """
            }.joined()
    }

    private static func cleaning(_ block: CodeBlock, _ index: Int) -> String {
        block.after.isEmpty ? "" : "\nexec >>blocks/\(index).before 2>&1\n\(block.after)\n"
    }

    private static let separation = """
        mount -t tmpfs -o mode=755 tmpfs /run
        mkdir /run/upper /run/work
        mount -t overlay -o lowerdir=/etc,upperdir=/run/upper,workdir=/run/work overlay /etc
        mkdir /run/upper-state /run/work-state
        mount -t overlay -o lowerdir=/var/lib,upperdir=/run/upper-state,workdir=/run/work-state overlay /var/lib
        ip link set lo up

        """

    /// $1: the checkout. $2: the number of blocks. If a block stops the server, the script starts it again before the next block.
    private static let machine = """
        umask 022
        cd "$1"
        export PATH="$1/.build/release:$PATH" HOME="$1"
        unset BUILD
        printf 'loops = 2\\n' >martlet.toml

        serve() {
            martlet serve plugins.d >>server.log 2>&1 &
            server=$!
            until martlet status >/dev/null 2>&1; do
                kill -0 $server 2>/dev/null || { cat server.log >&2; exit 1; }
                sleep 0.02
            done
        }

        serve
        block=0
        while [ $block -lt "$2" ]; do
            martlet status >/dev/null 2>&1 || serve
            status=0
            sh -e blocks/$block </dev/null || status=$?
            echo $status >blocks/$block.status
            block=$((block + 1))
        done
        martlet status >/dev/null 2>&1 || exit 0
        kill -TERM $server
        wait $server || { echo "serve ended with $?" >&2; cat server.log >&2; exit 1; }
        """
}

extension CodeBlock {
    /// The commands of a console block, each with the lines that the page shows as its output.
    var commands: [(line: String, printed: [String])] {
        var commands: [(line: String, printed: [String])] = []
        for line in text.split(separator: "\n", omittingEmptySubsequences: false).dropLast().map(String.init) {
            if language == "console", line.hasPrefix("$ ") {
                commands.append((String(line.dropFirst(2)), []))
            } else if !commands.isEmpty {
                commands[commands.count - 1].printed.append(line)
            }
        }
        return commands
    }
}
