/// Which plugins may be loaded: `trusted_keys` of `martlet.toml`.
package enum PluginTrust: Sendable, Equatable {
    /// No keys are listed: any plugin, signed or not.
    case any
    /// Those that one of these keys has signed. Not empty.
    case signed(by: [TrustedKey])
    /// `martlet.toml` has a problem, so it is not known which keys it means: none, not even in the probe, which would
    /// run the plugin's constructors.
    case unknown

    init(_ keys: [TrustedKey]) {
        self = keys.isEmpty ? .any : .signed(by: keys)
    }
}
