/*
 * martlet.h - the plugin ABI of Martlet, version 1.0
 *
 * A plugin is a shared library that exports exactly one symbol, `martlet_plugin_entry`. That function returns a
 * constant descriptor. This header and the headers that it includes are everything that a plugin and the host share.
 * No type, allocation, exception or closure of any language crosses the ABI: only C functions, fixed-width integers,
 * pointers with lengths, and UTF-8 text.
 *
 * Growth. Structs grow at their end, and each member says since which version it exists. A struct that can grow starts
 * with its size in bytes, as its author's compiler saw it; that size is never smaller than in version 1.0. A reader
 * reads no member beyond that size (MARTLET_HAS) and treats a missing member as 0: a missing function is a feature
 * that is off. The major versions must match. The minor version may be newer on either side. Small structs that are
 * passed by value (martlet_text, martlet_bytes) have no size member and never grow. A feature that needs more than one
 * function is an extension: a struct of functions, found by a string id such as "martlet.session-state/1".
 *
 * Constants. A later version may add values, but never changes the meaning of a value. The comment of each type says
 * how to treat an unknown value. Reserved members are 0, and readers ignore them.
 *
 * Threads. Each function says on which thread it runs, or from which threads it may be called:
 *   [control]  a thread for calls that belong to no connection, such as create and destroy. May block briefly. If
 *              create does not return within `plugin_timeout`, the instance is refused; if another call does not, the
 *              host stops waiting for it
 *   [loop]     the event loop that owns the connection; must not block. With `dispatch = "workers"` it is a worker
 *              thread instead, which has the connection for this one callback; then it may block. loop_start,
 *              loop_stop, save, restore and moved always run on the loop
 *   [worker]   a thread of the worker pool; may block
 *   [database] a thread of a database, with an open transaction; must wait for nothing but the database
 *   [any]      any thread, including the plugin's own
 * Callbacks of one connection never overlap, and they keep their order. Callbacks of one instance for different
 * connections run at the same time on different loops or workers.
 *
 * NULL. A pointer may be NULL only where it is marked MARTLET_NULLABLE.
 *
 * Ownership. A pointer passed to a function is valid until that function returns, unless its comment says otherwise.
 * Copy what you need for longer.
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

#include "martlet/ext/checkpoints.h"
#include "martlet/ext/database.h"
#include "martlet/ext/groups.h"
#include "martlet/ext/host-info.h"
#include "martlet/ext/instance-state.h"
#include "martlet/ext/loops.h"
#include "martlet/ext/metrics.h"
#include "martlet/ext/operations.h"
#include "martlet/ext/session-state.h"
#include "martlet/ext/transport.h"
#include "martlet/ext/users.h"

#endif
