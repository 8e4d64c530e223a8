/* SPDX-License-Identifier: MIT */
/* One change to good evidence, and who must notice it. */
#ifndef EVTPM_TESTS_EVIDENCE_CHANGE_H
#define EVTPM_TESTS_EVIDENCE_CHANGE_H

#include <string.h>

#include "tests/unit/evidence-sample.h"

struct evidence_change {
    const char *name;
    /* Makes again, after the change, all that an adversary could make again. */
    void (*change)(struct sample *s);
    enum evtpm_link link; /* the first to refuse it */
    const char *words;    /* that its detail contains */
};

/* Up to the entry without a name. */
extern const struct evidence_change platform_changes[], tpm_changes[],
    policy_changes[], log_changes[];

/* Evidence of another VM on a chip of another root, good in itself. */
extern struct sample change_other;

static inline void change_put(struct evtpm_blob *blob,
                              const struct evtpm_blob *from)
{
    g_assert_true(evtpm_blob_set(blob, from->data, from->size));
}

static inline void change_flip(struct evtpm_blob *blob, size_t at)
{
    g_assert_cmpuint(at, <, blob->size);
    blob->data[at] ^= 1;
}

static inline void change_cut(struct evtpm_blob *blob, size_t bytes)
{
    g_assert_cmpuint(bytes, <=, blob->size);
    blob->size -= bytes;
}

static inline void change_grow(struct evtpm_blob *blob)
{
    g_autofree uint8_t *bytes = g_malloc0(blob->size + 1);

    memcpy(bytes, blob->data, blob->size);
    g_assert_true(evtpm_blob_set(blob, bytes, blob->size + 1));
}

#endif
