#if DEBUG
    import Glibc
    import Synchronization

    /// Faults that a test injects through the environment:
    /// `MARTLET_INJECT="seed=7,eintr=20,short=10,reset=1,emfile=5,enomem=1,watch=1"`. Each number except the seed is how many calls
    /// in a thousand fail. The same seed makes the same sequence of decisions.
    enum FaultInjection {
        enum Call { case accept, receive, send, memory, watch }

        private struct Plan {
            var seed: UInt64 = 0
            var interrupted: UInt64 = 0
            var short: UInt64 = 0
            var reset: UInt64 = 0
            var descriptors: UInt64 = 0
            var memory: UInt64 = 0
            var watch: UInt64 = 0
        }

        private static let plan: Plan? = getenv("MARTLET_INJECT").map { read(String(cString: $0)) }
        private static let drawn = Atomic<UInt64>(0)

        private static func read(_ text: String) -> Plan {
            var plan = Plan()
            for pair in text.split(separator: ",") {
                let parts = pair.split(separator: "=", maxSplits: 1)
                guard parts.count == 2, let value = UInt64(parts[1]) else { fatalError("MARTLET_INJECT: \(pair)") }
                switch parts[0] {
                case "seed": plan.seed = value
                case "eintr": plan.interrupted = value
                case "short": plan.short = value
                case "reset": plan.reset = value
                case "emfile": plan.descriptors = value
                case "enomem": plan.memory = value
                case "watch": plan.watch = value
                default: fatalError("MARTLET_INJECT: \(pair)")
                }
            }
            return plan
        }

        /// A number below 1,000: SplitMix64 (Steele and others, 2014) of a counter.
        private static func draw(_ plan: Plan) -> UInt64 {
            var value = plan.seed &+ drawn.wrappingAdd(1, ordering: .relaxed).newValue &* 0x9E37_79B9_7F4A_7C15
            value = (value ^ (value >> 30)) &* 0xBF58_476D_1CE4_E5B9
            value = (value ^ (value >> 27)) &* 0x94D0_49BB_1331_11EB
            return (value ^ (value >> 31)) % 1_000
        }

        static func error(in call: Call) -> Int32? {
            guard let plan else { return nil }
            switch call {
            case .accept:
                // The descriptor limit of the process (EMFILE), or of the system (ENFILE).
                let number = draw(plan)
                if number < plan.descriptors { return number.isMultiple(of: 2) ? EMFILE : ENFILE }
                return draw(plan) < plan.interrupted ? ECONNABORTED : nil
            case .receive, .send:
                return draw(plan) < plan.interrupted ? EINTR : draw(plan) < plan.reset ? ECONNRESET : nil
            case .memory: return draw(plan) < plan.memory ? ENOMEM : nil
            // Draws a number only if `watch` is set, so that otherwise the sequences of the other faults stay the same.
            case .watch: return plan.watch > 0 && draw(plan) < plan.watch ? ENOSPC : nil
            }
        }

        /// The length of an injected short write, or `count`.
        static func shortened(_ count: Int) -> Int {
            guard let plan, count > 1, draw(plan) < plan.short else { return count }
            return count / 2
        }
    }
#endif
