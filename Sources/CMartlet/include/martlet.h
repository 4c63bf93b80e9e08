/*
 * martlet.h - the plugin ABI of Martlet, version 1.0
 *
 * A plugin is a shared library that exports exactly one symbol, `martlet_plugin_entry`, which returns a constant
 * descriptor. This header and those that it includes are all that a plugin and the host share: no type, allocation,
 * exception or closure of any language crosses it, only C functions, fixed-width integers, pointers with lengths, and
 * UTF-8 text.
 *
 * Growth. Structs grow at their end, and each member says since which version it is there. A struct that can grow
 * starts with its size in bytes, as its author's compiler saw it, and is never smaller than in version 1.0. A reader
 * looks at no member past that size (MARTLET_HAS) and takes one that is not there for 0: a function that is not there
 * is a feature that is off. The major version must match; a newer minor version is fine on either side. Small structs
 * that are passed by value (martlet_text, martlet_bytes) have no size and never grow. What is larger than a function
 * is an extension, a struct of functions found by a string id such as "martlet.session-state/1".
 *
 * Constants. A later version may add values; none changes its meaning. The comment of each type says what to do with
 * one that is not known. Members that are reserved are 0, and are not looked at.
 *
 * Threads. Each function says where it runs or from where it may be called:
 *   [control]  a thread for what belongs to no connection: create, destroy. May block for a moment; one that does not
 *              return within `plugin_timeout` is refused, or left alone
 *   [loop]     the event loop that owns the connection; must not block. Under `dispatch = "workers"` a worker that has
 *              the connection for this one callback; may block. loop_start, loop_stop, save, restore and moved always
 *              run on the loop
 *   [worker]   a thread of the worker pool; may block
 *   [any]      any thread, also the plugin's own
 * Callbacks of one connection never overlap, and keep their order. Callbacks of one instance for different
 * connections run at the same time on different loops or workers.
 *
 * NULL. A pointer may be NULL only where it is marked MARTLET_NULLABLE.
 *
 * Ownership. A pointer passed to a function is valid until that function returns, unless its comment says otherwise.
 * Whoever keeps something longer copies it.
 *
 * No re-entry. No host function calls back into the plugin before it returns. Writes and closes take effect at the
 * end of the callback that made them, in the order in which they were made.
 */
#ifndef MARTLET_H
#define MARTLET_H

#include "martlet/abi.h"
#include "martlet/host.h"
#include "martlet/options.h"
#include "martlet/plugin.h"

#include "martlet/ext/host-info.h"
#include "martlet/ext/operations.h"
#include "martlet/ext/session-state.h"

#endif
