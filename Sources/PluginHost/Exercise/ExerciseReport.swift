import Instances

/// The parent's request for an exercise.
struct ExerciseRequest: Codable, Equatable {
    /// Complete: defaults are filled in.
    var options: OptionValue
    /// The seed of everything random.
    var seed: UInt32
    /// After this time no further script begins.
    var budgetMilliseconds: Int

    /// The same content gets the same input, so a verdict can be reproduced.
    static func seed(ofHash hash: String) -> UInt32 { UInt32(hash.prefix(8), radix: 16) ?? 0 }
}

/// The extent of an exercise that a plugin has passed.
package struct ExerciseReport: Codable, Sendable, Equatable {
    /// Scripts of peers that were played.
    package var scripts = 0
    /// Calls into the plugin.
    package var calls = 0
    /// Sessions that moved to a second instance.
    package var moved = 0
    package var milliseconds = 0
    /// Tests that could not be run, and why.
    package var notes: [String] = []
}
