import Configuration
import Listening

extension ListeningSocketOptions {
    init(_ options: SocketOptions) {
        self.init(backlog: Int32(clamping: options.backlog), unixMode: UInt32(options.unixMode))
        noDelay = options.noDelay
        keepAlive = options.keepalive
        keepAliveIdleSeconds = Int32(clamping: options.keepaliveIdle.components.seconds)
        keepAliveIntervalSeconds = Int32(clamping: options.keepaliveInterval.components.seconds)
        keepAliveCount = Int32(clamping: options.keepaliveCount)
        receiveBuffer = Int32(clamping: options.receiveBuffer)
        sendBuffer = Int32(clamping: options.sendBuffer)
    }
}
