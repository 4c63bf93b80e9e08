import MartletKit
import RESPWire

extension Exchange {
    func withSubscriptions<Result>(_ body: (Subscriptions) -> Result) -> Result {
        database._withUnsafeGuaranteedRef { body($0.subscriptions) }
    }

    private static let message: StaticString = "message"
    private static let patternMessage: StaticString = "pmessage"

    /// PUBLISH channel message: answers how many subscribers get it.
    mutating func publish() {
        let (channel, message) = (argument(1), argument(2))
        let name = channel.text
        var receivers = 0
        var isAccepted = true
        for version in [UInt8(2), 3] {
            let group = SubscriptionKind.channel.group(name, version: version)
            send(to: group, version, [Self.message.bytes, channel, message], &receivers, &isAccepted)
            for pattern in withSubscriptions({ $0.patterns(matching: channel) }) {
                let group = SubscriptionKind.pattern.group(pattern, version: version)
                Array(pattern.utf8).withUnsafeBytes { pattern in
                    send(
                        to: group, version, [Self.patternMessage.bytes, pattern, channel, message], &receivers,
                        &isAccepted)
                }
            }
        }
        guard isAccepted || receivers > 0 else {
            return output.error("ERR the message is too large, or the server is busy: nobody gets it")
        }
        output.integer(receivers)
    }

    /// One message for all members of a group, if there are any.
    private func send(
        to group: String, _ version: UInt8, _ parts: [UnsafeRawBufferPointer], _ receivers: inout Int,
        _ isAccepted: inout Bool
    ) {
        let host = connection.plugin.host
        let members = host.memberCount(of: group)
        guard members > 0 else { return }
        var bytes = Array((version == 3 ? ">" : "*").utf8) + Array("\(parts.count)\r\n".utf8)
        for part in parts {
            bytes += Array("$\(part.count)\r\n".utf8)
            bytes += part
            bytes += [0x0D, 0x0A]
        }
        if bytes.withUnsafeBytes({ host.send($0, to: group) }).isAccepted {
            receivers += members
        } else {
            isAccepted = false
        }
    }

    /// PUBSUB CHANNELS [pattern] | NUMSUB [channel …] | NUMPAT
    mutating func pubsub() {
        let word = argument(1)
        if word.is("CHANNELS"), request.count <= 3 {
            let pattern = request.count == 3 ? argument(2) : nil
            let names = withSubscriptions { $0.channels(pattern) }
            output.array(names.count)
            for name in names { output.bulk(name) }
        } else if word.is("NUMSUB") {
            output.array(2 * (request.count - 2))
            for index in 2..<max(request.count, 2) {
                output.bulk(argument(index))
                output.integer(withSubscriptions { $0.count(argument(index).text) })
            }
        } else if word.is("NUMPAT"), request.count == 2 {
            output.integer(withSubscriptions(\.patterns))
        } else {
            unknownSubcommand()
        }
    }
}
