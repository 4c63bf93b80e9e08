import CMartlet

/// Whether the plugin failed at a request: the one rule of the host and of this simulation.
///
/// 501 and 505 are not failures, although they are 5xx: like a 4xx they tell the peer what is wrong with its request, and
/// a peer could end a trial by sending enough of them.
@inlinable
package func isFailed(_ request: martlet_request) -> Bool {
    switch request.status {
    case 500, 502...504: true
    default: request.flags & MARTLET_REQUEST_FAILED != 0
    }
}
