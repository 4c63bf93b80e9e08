/*
 * martlet/ext/metrics.h - host extension "martlet.metrics/1". Include martlet.h.
 */
#ifndef MARTLET_EXT_METRICS_H
#define MARTLET_EXT_METRICS_H

#include "../host.h"

MARTLET_BEGIN

#define MARTLET_METRICS "martlet.metrics/1"

/* The largest number of labels of a metric. */
#define MARTLET_METRIC_LABEL_LIMIT ((size_t)8)

/* The largest number of bounds of a histogram. */
#define MARTLET_METRIC_BOUND_LIMIT ((size_t)64)

/* The longest value of a label, in bytes. */
#define MARTLET_METRIC_VALUE_LIMIT ((size_t)256)

/* Describes a metric. The host copies what it needs. */
typedef struct martlet_metric_description {
    /* -- since 1.0 -- */
    uint32_t size;
    martlet_metric_kind kind;
    martlet_text name; /* letters, digits, '_'; at most 128 bytes */
    martlet_text help; /* one line */
    /* The names of its labels, such as "route": letters, digits, '_'. Not "listener", "other" and "le", which the host
     * uses, and none that begins with "__". */
    const martlet_text *MARTLET_NULLABLE labels;
    size_t label_count; /* up to MARTLET_METRIC_LABEL_LIMIT; 0: the metric is its only series */
    /* The upper bounds of a histogram's buckets, ascending. A value belongs to the first bucket whose bound is not
     * below it. The host adds a last bucket without a bound. */
    const uint64_t *MARTLET_NULLABLE bounds;
    size_t bound_count; /* 1 up to MARTLET_METRIC_BOUND_LIMIT; 0 for other kinds */
    /* Of a histogram: its bounds and its sum are shown divided by it. 1000000000 shows nanoseconds as seconds. 0 counts
     * as 1. */
    uint64_t divisor;
} martlet_metric_description;

/* Metrics with labels, and histograms. Each combination of label values is a series with numbers of its own.
 *
 * The number of series is bounded, whatever peers send: a metric has at most limits.metric_series of them. Any further
 * one, and any with a value longer than MARTLET_METRIC_VALUE_LIMIT, is counted in one more series, with the label
 * other="true" instead of the labels of the metric. The server counts how often that happens. */
typedef struct martlet_metrics {
    /* -- since 1.0 -- */
    uint32_t size;
    uint32_t reserved; /* 0 */

    /* Registers a metric under the plugin's name, as `metric_register` does, but with labels or as a histogram. The
     * same name gives the same metric, also across generations; kind, labels, bounds and divisor must be the same too.
     * Inside `create` only. Returns the metric, or CLOSED (not inside `create`), ARGUMENT (the host's log says why),
     * UNSUPPORTED (unknown kind). [control] */
    martlet_metric (*declare)(martlet_instance *instance, const martlet_metric_description *description);

    /* Finds or creates the series of a metric with labels. Takes a lock, and may allocate: keep the result, which is
     * valid until `destroy` returns. Any UTF-8 will do as a value; invalid UTF-8 is replaced by U+FFFD.
     *
     * values: as many as the metric has labels, in their order.
     *
     * Returns the series, which `metric_add`, `metric_set` and `observe` accept like a metric without labels, or
     * ARGUMENT (no metric with labels, or another number of values). [any] */
    martlet_metric (*series)(martlet_instance *instance, martlet_metric metric, const martlet_text *values,
                             size_t value_count);

    /* Counts a value in a histogram without labels, or in a series of one with labels. Takes no lock and does not
     * allocate. Returns OK, ARGUMENT (no histogram, or one that needs labels). [any] */
    martlet_result (*observe)(martlet_instance *instance, martlet_metric series, uint64_t value);
} martlet_metrics;

MARTLET_END

#endif
