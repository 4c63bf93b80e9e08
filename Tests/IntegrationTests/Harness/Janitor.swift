import Glibc

/// A helper process that cleans up after a test process that crashed or was killed. When the test process is gone, the helper kills the
/// children and removes the folders that are still on its list.
enum Janitor {
    /// Reads one word and one item per line. Only the test process holds the other end of the input, so the input ends when that process
    /// ends, for whatever reason.
    private static let script = """
        trap '' INT TERM HUP
        processes=' ' folders=' '
        while read -r word item; do
            case $word in
            started) processes="$processes$item " ;;
            ended) processes="${processes%% $item *} ${processes#* $item }" ;;
            made) folders="$folders$item " ;;
            removed) folders="${folders%% $item *} ${folders#* $item }" ;;
            esac
        done
        for process in $processes; do kill -KILL "$process"; done
        for folder in $folders; do
            case $folder in /tmp/martlet-test-*) rm -rf "$folder" ;; esac
        done
        """

    static func started(_ process: pid_t) { tell("started \(process)") }
    static func ended(_ process: pid_t) { tell("ended \(process)") }
    static func made(_ folder: String) { tell("made \(folder)") }
    static func removed(_ folder: String) { tell("removed \(folder)") }

    private static func tell(_ line: String) {
        let bytes = Array((line + "\n").utf8)
        _ = send(input, bytes, bytes.count, Int32(MSG_NOSIGNAL))
    }

    /// Our end of the helper's standard input. The helper runs in its own session, so Control-C does not reach it.
    private static let input: Int32 = {
        var ends: [Int32] = [-1, -1]
        socketpair(AF_UNIX, Int32(SOCK_STREAM.rawValue | SOCK_CLOEXEC.rawValue), 0, &ends)
        var actions = posix_spawn_file_actions_t()
        posix_spawn_file_actions_init(&actions)
        defer { posix_spawn_file_actions_destroy(&actions) }
        posix_spawn_file_actions_adddup2(&actions, ends[0], 0)
        for descriptor in 1...2 as ClosedRange<Int32> {
            posix_spawn_file_actions_addopen(&actions, descriptor, "/dev/null", O_WRONLY, 0)
        }
        let command = ["setsid", "sh", "-c", script]
        var words: [UnsafeMutablePointer<CChar>?] = command.map { strdup($0) } + [nil]
        defer { for word in words { free(word) } }
        var process = pid_t()
        posix_spawnp(&process, "setsid", &actions, nil, &words, environ)
        close(ends[0])
        return ends[1]
    }()
}
