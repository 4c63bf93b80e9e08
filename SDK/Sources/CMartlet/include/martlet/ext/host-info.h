/*
 * martlet/ext/host-info.h - host extension "martlet.host-info/1". Include martlet.h.
 */
#ifndef MARTLET_EXT_HOST_INFO_H
#define MARTLET_EXT_HOST_INFO_H

#include "../host.h"

MARTLET_BEGIN

#define MARTLET_HOST_INFO "martlet.host-info/1"

/* Describes where an instance runs. Does not change during the life of the instance. */
typedef struct martlet_host_info {
    /* -- since 1.0 -- */
    uint32_t size;
    uint32_t reserved; /* 0 */

    /* The number of event loops. [any] */
    uint32_t (*loop_count)(martlet_instance *instance);

    /* The maximum number of threads in the worker pool. [any] */
    uint32_t (*worker_count)(martlet_instance *instance);

    /* The number of this instance on its listener, from 1. [any] */
    uint32_t (*generation)(martlet_instance *instance);

    /* The name of the listener. Valid until `destroy` returns. [any] */
    martlet_text (*listener)(martlet_instance *instance);
} martlet_host_info;

MARTLET_END

#endif
