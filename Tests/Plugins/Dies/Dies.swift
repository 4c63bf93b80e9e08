import MartletKit

/// Ends its process where and how it is told to, as Swift code does: in `received` by a line, in any callback by the file of the option
/// `order`. A line that is the name of a callback makes the host call it. All lines are echoed.
struct Dies: StatefulPlugin {
    static let manifest = Manifest(
        name: "dies-swift", version: "1.0.0", summary: "Ends its process when it is told to",
        options: [Option("order", .path, help: "The file that says where and how to die")], threads: .both,
        operations: [Operation.Place.control, .loops, .worker].map { place in
            Operation(
                "\(place)", on: place, help: "Does nothing",
                function: { _ in Order.obey(in: "operation") } as @convention(c) (OperationEnv) -> Void)
        })
    static let stateSchema = StateSchema("dies.state", version: 1, restores: 1...1)
    static let stateStaysUsable = true

    /// Released when the instance is destroyed.
    private let life = Life(endsIn: "destroy")

    init(options: Options, host: Host<Dies>) throws(OptionError) {
        if options.has("order") { Order.place(try options.text("order")) }
        Order.obey(in: "create")
    }

    struct LoopState {
        let index: Int
        private let life = Life(endsIn: "loop_stop")

        init(index: Int) { self.index = index }
    }

    func makeLoopState(loop: Int) -> LoopState {
        Order.obey(in: "loop_start")
        return LoopState(index: loop)
    }

    func save(into state: inout SavedPieces) throws(StateError) {
        Order.obey(in: "save of the instance")
        try state.put { $0.append(UInt32(1)) }
    }

    func restore(_ piece: RawSpan, version: UInt32) throws(StateError) { Order.obey(in: "restore of the instance") }

    func stateMoved() { Order.obey(in: "moved of the instance") }
}

/// Obeys an order when it is released.
final class Life: Sendable {
    private let callback: String

    init(endsIn callback: String) { self.callback = callback }

    deinit { Order.obey(in: callback) }
}

@c(martlet_plugin_entry)
public func entry(hostABI: UInt32) -> UnsafeRawPointer? { exportPlugin(Dies.self) }
