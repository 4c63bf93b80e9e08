import CMartlet
import PluginABI

/// This release of Martlet.
package enum Version {
    package static let current = "0.1.0"
    /// The plugin ABI that this host speaks.
    package static var abi: String { versionText(abiNumber) }
    /// MARTLET_ABI_VERSION
    package static var abiNumber: martlet_abi { martlet_abi(MARTLET_ABI_MAJOR) << 16 | martlet_abi(MARTLET_ABI_MINOR) }
}
