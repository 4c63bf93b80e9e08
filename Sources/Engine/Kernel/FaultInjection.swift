#if DEBUG
    import Glibc
    import Synchronization

    /// Faults that a test injects through the environment:
    /// `MARTLET_INJECT="seed=7,eintr=20,short=10,reset=1,emfile=5,enomem=1,watch=1"`. Each number except the seed is how many calls
    /// in a thousand fail. The same seed makes the same sequence of decisions.
    enum FaultInjection {
        enum Call { case accept, receive, send, memory, watch }

        private enum Key: String { case seed, eintr, short, reset, emfile, enomem, watch }

        private static let plan: [Key: UInt64]? = getenv("MARTLET_INJECT").map { read(String(cString: $0)) }
        private static let drawn = Atomic<UInt64>(0)

        private static func read(_ text: String) -> [Key: UInt64] {
            var plan: [Key: UInt64] = [:]
            for pair in text.split(separator: ",") {
                let parts = pair.split(separator: "=", maxSplits: 1)
                guard parts.count == 2, let key = Key(rawValue: String(parts[0])), let value = UInt64(parts[1]) else {
                    fatalError("MARTLET_INJECT: \(pair)")
                }
                plan[key] = value
            }
            return plan
        }

        /// Draws a number below 1,000: SplitMix64 (Steele and others, 2014) of a counter. Nil if the call does not fail.
        private static func draw(_ plan: [Key: UInt64], _ key: Key) -> UInt64? {
            let number = drawn.wrappingAdd(1, ordering: .relaxed).newValue
            var value = plan[.seed, default: 0] &+ number &* 0x9E37_79B9_7F4A_7C15
            value = (value ^ (value >> 30)) &* 0xBF58_476D_1CE4_E5B9
            value = (value ^ (value >> 27)) &* 0x94D0_49BB_1331_11EB
            value = (value ^ (value >> 31)) % 1_000
            return value < plan[key, default: 0] ? value : nil
        }

        static func error(in call: Call) -> Int32? {
            guard let plan else { return nil }
            switch call {
            case .accept:
                // The descriptor limit of the process (EMFILE), or of the system (ENFILE).
                if let number = draw(plan, .emfile) { return number.isMultiple(of: 2) ? EMFILE : ENFILE }
                return draw(plan, .eintr).map { _ in ECONNABORTED }
            case .receive, .send:
                return draw(plan, .eintr) != nil ? EINTR : draw(plan, .reset).map { _ in ECONNRESET }
            case .memory: return draw(plan, .enomem).map { _ in ENOMEM }
            // Draws a number only if `watch` is set, so that otherwise the sequences of the other faults stay the same.
            case .watch: return plan[.watch] == nil ? nil : draw(plan, .watch).map { _ in ENOSPC }
            }
        }

        /// The length of an injected short write, or `count`.
        static func shortened(_ count: Int) -> Int {
            guard let plan, count > 1, draw(plan, .short) != nil else { return count }
            return count / 2
        }
    }
#endif
