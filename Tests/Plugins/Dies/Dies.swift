import MartletKit

/// Ends its process in the way that a line asks for, as Swift code does. Other lines are echoed.
struct Dies: Plugin {
    static let manifest = Manifest(
        name: "dies-swift", version: "1.0.0", summary: "Ends its process when it is told to", threads: .both)

    init(options: Options, host: Host<Dies>) throws(OptionError) {}

    struct Session: PlainSession {
        typealias Plugin = Dies
        static let layout = "dies.session/1"

        init(opening connection: Connection<Dies>) {}

        mutating func received(_ input: Span<UInt8>, from connection: Connection<Dies>) -> Int {
            var line: [UInt8] = []
            for index in input.indices {
                guard input[index] == UInt8(ascii: "\n") else {
                    line.append(input[index])
                    continue
                }
                die(String(decoding: line, as: UTF8.self))
                _ = connection.write((line + [UInt8(ascii: "\n")]).span)
                return index + 1
            }
            return 0
        }
    }
}

@inline(never)
private func die(_ how: String) {
    let numbers = how.utf8.map { Int($0) }
    switch how {
    case "index": print(numbers[numbers.count + 1])
    case "nil": print(numbers.first { $0 > 1_000 }!)
    case "fatal": fatalError("it was told to")
    case "precondition": precondition(numbers.isEmpty, "it was told to")
    case "overflow": print(numbers.reduce(Int.max, +))
    case "stack": print(deepen(numbers))
    default: break
    }
}

@inline(never)
private func deepen(_ numbers: [Int]) -> Int {
    guard numbers[0] >= 0 else { return 0 }
    let more = [numbers[0] &+ 1, numbers.count]
    return deepen(more) &+ more[1]
}

@c(martlet_plugin_entry)
public func entry(hostABI: UInt32) -> UnsafeRawPointer? { exportPlugin(Dies.self) }
