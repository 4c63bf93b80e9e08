import MartletKit

/// A store as the state of a plugin's instance (`StatefulPlugin`).
extension SharedStore {
    package func save(into state: inout SavedPieces) throws(StateError) {
        var failure: StateError?
        let isSaved = save { piece in
            do throws(StateError) {
                try state.put(piece.bytes)
                return true
            } catch {
                failure = error
                return false
            }
        }
        if let failure { throw failure }
        guard isSaved else { throw StateError("no memory for a piece of the keys") }
    }

    package func restore(_ piece: RawSpan) throws(StateError) {
        var failure: PieceError?
        piece.withUnsafeBytes { piece in
            do throws(PieceError) { try restore(piece) } catch { failure = error }
        }
        if let failure { throw StateError("\(failure)") }
    }

    package func endRestoring() throws(StateError) {
        do throws(PieceError) { try finishRestoring() } catch { throw StateError("\(error)") }
    }
}
