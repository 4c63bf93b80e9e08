import Engine
import Glibc
import HostInterface

/// What a host leaves that has died.
final class HostEstate: RuntimeEstate {
    private let arena: OwnedDescriptor
    private let pages: PublishedPages
    private let keepers: Keepers

    init(_ arena: OwnedDescriptor, _ pages: PublishedPages, _ keepers: Keepers) {
        (self.arena, self.pages, self.keepers) = (arena, pages, keepers)
        keepers.look()
    }

    var descriptors: (arena: Int32, published: Int32, keepers: Int32) {
        (arena.number, pages.descriptor, keepers.socket)
    }

    func release(_ known: [Int32]) { keepers.end(known) }
}

/// Closed with the last reference.
final class OwnedDescriptor: Sendable {
    let number: Int32

    init(_ number: Int32) { self.number = number }

    deinit { close(number) }
}
