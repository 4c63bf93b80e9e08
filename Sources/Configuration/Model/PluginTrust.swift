/// Which plugins may be loaded: `trusted_keys` of `martlet.toml`.
package enum PluginTrust: Sendable, Equatable {
    /// No keys are listed: any plugin, signed or not.
    case any
    /// Plugins that one of these keys has signed. The list is not empty.
    case signed(by: [TrustedKey])
    /// `martlet.toml` has a problem, so the keys are unknown: no plugin may be loaded, not even in the probe, which would run the
    /// plugin's constructors.
    case unknown

    init(_ keys: [TrustedKey]) {
        self = keys.isEmpty ? .any : .signed(by: keys)
    }
}
