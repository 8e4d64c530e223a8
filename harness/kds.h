/* SPDX-License-Identifier: MIT */
/*
 * What AMD's Key Distribution Service answers (AMD 57230), for emulated chips:
 * paths in, certificates out. No network here.
 */
#ifndef EVTPM_HARNESS_KDS_H
#define EVTPM_HARNESS_KDS_H

#include "harness/fail.h"
#include "lib/blob.h"
#include "lib/report.h"

/* "/vcek/v1/Milan/HWID?blSPL=04&..."; free with g_free. */
char *kds_vcek_path(enum snp_product product, const guint8 chip_id[64],
                    const struct snp_tcb *tcb);

/* The chips that are served: directories, ended by NULL. */
struct kds {
    GStrv chips;
};

/* Every directory must hold a chip. */
gboolean kds_check(const struct kds *kds, GError **error);

struct kds_reply {
    unsigned status;  /* HTTP: 200, 400 malformed, 404 unknown, 500 */
    const char *type; /* Content-Type */
    struct evtpm_blob body;
};
void kds_reply_clear(struct kds_reply *reply);

/*
 * Answers GET of a path (decoded, without its query) and a query (pairs of
 * strings). Directories are read anew each time: a chip whose TCB was rolled on
 * is served as it is.
 */
void kds_answer(const struct kds *kds, const char *path, GHashTable *query,
                struct kds_reply *reply);

#endif
