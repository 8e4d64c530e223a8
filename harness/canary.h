/* SPDX-License-Identifier: MIT */
/*
 * Does the TPM forget? Things are left in it, and looked for later: within the
 * same boot, where all must be there still (the control), and after a reboot,
 * where none may be.
 */
#ifndef EVTPM_HARNESS_CANARY_H
#define EVTPM_HARNESS_CANARY_H

#include "harness/vm.h"

#define CANARY_NV "0x1500016"
#define CANARY_PERSISTENT "0x81000016"

/* What was left. */
struct canary {
    char *ek;         /* SHA-256 of the endorsement key's public part */
    char *nv;         /* contents of the NV index, 32 bytes in hex */
    char *persistent; /* name of the persistent key */
    char *pcr;        /* PCR 23 after an extend */
    char *
        sealed_pub; /* an object sealed under the owner's primary key, base64 */
    char *sealed_priv;
    char *secret; /* what is in it, hex */
};
void canary_clear(struct canary *canary);

/* Leaves all of it in the TPM. */
gboolean canary_plant(struct vm *vm, deadline_t deadline, struct canary *canary,
                      GError **error);

/* What a look finds, item by item. */
enum canary_item {
    CANARY_ITEM_EK,
    CANARY_ITEM_NV,
    CANARY_ITEM_PERSISTENT,
    CANARY_ITEM_PCR,
    CANARY_ITEM_SEALED,
    CANARY_ITEM_COUNT,
};
const char *canary_item_name(enum canary_item item);

struct canary_view {
    gboolean there[CANARY_ITEM_COUNT]; /* as it was left */
    char *detail[CANARY_ITEM_COUNT];   /* what was seen */
};
void canary_view_clear(struct canary_view *view);

gboolean canary_look(struct vm *vm, deadline_t deadline,
                     const struct canary *canary, struct canary_view *view,
                     GError **error);

#endif
