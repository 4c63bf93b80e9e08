import CMartlet

/// An instance on an event loop, in a tick of a timer or a delivery to the loop. Valid until that returns: do not keep it. [loop]
@frozen
public struct LoopAccess<P: Plugin> {
    @usableFromInline let env: UnsafePointer<martlet_env>

    /// nil: the instance has not started on that loop, or was refused; or this is not a loop.
    init?(_ env: UnsafePointer<martlet_env>) {
        guard env.pointee.state != nil, env.pointee.loop_state != nil, env.pointee.loop != MARTLET_NO_LOOP else {
            return nil
        }
        self.env = env
    }

    /// The number of the loop, from 0.
    @inlinable
    public var index: Int { Int(env.pointee.loop) }

    /// The instance, in place.
    @inlinable
    public var plugin: P {
        unsafeAddress { env.pluginAddress(P.self) }
    }

    /// The state that the sessions of this event loop share, in place.
    @inlinable
    public var loop: P.LoopState {
        unsafeAddress { UnsafePointer(env.loopState(P.self)) }
        nonmutating unsafeMutableAddress { env.loopState(P.self) }
    }

    /// Services of the host that do not need a connection.
    @inlinable
    public var services: Host<P> { env.box(P.self).pointee.host }

    /// A connection of this instance on this loop, to write to it. nil under the same conditions as `Connection.other`. [loop]
    @inlinable
    public func connection(_ id: ConnectionID) -> OtherConnection<P>? { OtherConnection(id, env) }
}

extension UnsafePointer<martlet_env> {
    /// Where the plugin's value is, in its instance.
    @inlinable
    func pluginAddress<P: Plugin>(_: P.Type) -> UnsafePointer<P> {
        let offset = MemoryLayout<InstanceBox<P>>.offset(of: \.plugin)!
        return UnsafePointer<P>(
            UnsafeMutableRawPointer(box(P.self)).advanced(by: offset).assumingMemoryBound(to: P.self))
    }

    /// Where the state of the loop is.
    @inlinable
    func loopState<P: Plugin>(_: P.Type) -> UnsafeMutablePointer<P.LoopState> {
        pointee.loop_state.unsafelyUnwrapped.assumingMemoryBound(to: P.LoopState.self)
    }
}
