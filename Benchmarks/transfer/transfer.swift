// Moves a store of KEYS keys with values of 100 bytes to another one, piece by piece, as a swap does. Prints the CPU time in
// milliseconds. Compiled with the sources of the store: Benchmarks/transfer.sh.
import Glibc

@main struct Transfer {
    static func main() {
        let keys = CommandLine.arguments.count > 1 ? Int(CommandLine.arguments[1])! : 1_000_000
        let old = SharedStore(order: .hash, maximumBytes: .max)
        let value = [UInt8](repeating: 0x76, count: 100)
        for key in 0..<keys {
            let name = Array("key:\(1_000_000_000 + key * 7919)".utf8)
            name.withUnsafeBytes { name in
                value.withUnsafeBytes { value in
                    _ = old.access.update(name, now: 0) { _ in .replace(value, deadline: 0) }
                }
            }
        }
        let new = SharedStore(order: .hash, maximumBytes: .max)
        let start = milliseconds()
        let isMoved = old.save { piece in
            do {
                try new.restore(piece)
                return true
            } catch {
                print(error)
                return false
            }
        }
        let time = milliseconds() - start
        guard isMoved, (try? new.finishRestoring()) != nil, new.size == old.size else {
            print("the store has not moved")
            exit(1)
        }
        print(Double(Int(time * 10)) / 10)
    }

    private static func milliseconds() -> Double {
        var time = timespec()
        clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &time)
        return Double(time.tv_sec) * 1_000 + Double(time.tv_nsec) / 1_000_000
    }
}
