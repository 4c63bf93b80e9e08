import Simulation
import TestInput

/// The part of one peer: its input, the pieces that it sends it in, and the end of its connection.
struct PeerScript: Equatable {
    enum Ending: CaseIterable {
        /// The peer sends no more, and still reads.
        case halfClose
        /// The peer is gone.
        case reset
        /// The host ends an idle connection.
        case idleTimeout
    }

    /// "line text in pieces of 7"
    let name: String
    let input: [UInt8]
    let split: InputSplit
    let ending: Ending
}

extension PeerScript {
    /// All scripts that are played, the most revealing ones first, because a slow machine does not get to the end.
    static func all(seed: UInt32) -> [PeerScript] {
        let inputs = fixedInputs + damagedInputs(seed) + randomInputs(seed)
        let entries = inputs.flatMap { input in input.splits.map { (input, $0) } }
        return entries.enumerated().map { index, entry in
            PeerScript(
                name: entry.0.name + entry.1.phrase, input: entry.0.bytes, split: entry.1,
                ending: Ending.allCases[index % Ending.allCases.count])
        }
    }
}

extension InputSplit {
    /// The text after the name of an input.
    fileprivate var phrase: String {
        switch self {
        case .whole: ""
        case .everyByte: ", byte by byte"
        case .pieces(let size): " in pieces of \(size)"
        case .random(_, let largest): " in pieces of up to \(largest)"
        }
    }
}
