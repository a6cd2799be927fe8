/*
 * The text format in which Prometheus reads figures.
 *
 *     exposition_family(out, "liveconv_calls_total", "counter", "Calls that have ended.");
 *     exposition_sample(out, "liveconv_calls_total", LABELS({"method", m}, {"code", c}), 12);
 *
 * Samples follow their family; all samples of a family stand together.
 *
 * Thread-safety: functions without state.
 */
#ifndef APP_EXPOSITION_H
#define APP_EXPOSITION_H

#include <stddef.h>
#include <stdint.h>

#include "base/str.h"

struct exposition_label {
    const char *name;
    const char *value; /* any text: escaped */
};

#define LABELS(...)                                                                                \
    (const struct exposition_label[]){__VA_ARGS__},                                                \
        sizeof((const struct exposition_label[]){__VA_ARGS__}) / sizeof(struct exposition_label)

/* `kind`: "counter", "gauge" or "histogram". */
void exposition_family(struct str *out, const char *name, const char *kind, const char *help);

void exposition_sample(struct str *out, const char *name, const struct exposition_label *labels,
                       size_t label_count, double value);

/* A family with one sample without labels. */
void exposition_single(struct str *out, const char *name, const char *kind, const char *help,
                       double value);

#endif
