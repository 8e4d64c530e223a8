/* SPDX-License-Identifier: MIT */
/* KDFa. */
#include "lib/tpm_protect.h"

#include <gnutls/crypto.h>
#include <string.h>

static void put_u32(uint8_t to[4], uint32_t value)
{
    for (int i = 0; i < 4; i++) {
        to[i] = (uint8_t)(value >> (24 - 8 * i));
    }
}

static int add_context(gnutls_hmac_hd_t mac, const struct evtpm_blob *context)
{
    return context && context->size
               ? gnutls_hmac(mac, context->data, context->size)
               : 0;
}

int tpm_kdfa(gnutls_digest_algorithm_t hash, const void *key, size_t key_size,
             const char *label, const struct evtpm_blob *context_u,
             const struct evtpm_blob *context_v, uint8_t *out, size_t out_size)
{
    uint8_t counter[4], bits[4], block[64];
    size_t step = gnutls_hash_get_len(hash);
    gnutls_hmac_hd_t mac;
    int rc = 0;

    put_u32(bits, (uint32_t)out_size * 8);
    if (step == 0 || step > sizeof(block) ||
        gnutls_hmac_init(&mac, (gnutls_mac_algorithm_t)hash, key, key_size) <
            0) {
        return -1;
    }
    for (size_t done = 0; rc == 0 && done < out_size; done += step) {
        size_t n = out_size - done < step ? out_size - done : step;

        put_u32(counter, (uint32_t)(done / step) + 1);
        if (gnutls_hmac(mac, counter, sizeof(counter)) < 0 ||
            gnutls_hmac(mac, label, strlen(label) + 1) < 0 ||
            add_context(mac, context_u) < 0 ||
            add_context(mac, context_v) < 0 ||
            gnutls_hmac(mac, bits, sizeof(bits)) < 0) {
            rc = -1;
        }
        gnutls_hmac_output(mac, block);
        memcpy(out + done, block, n);
    }
    gnutls_hmac_deinit(mac, NULL);
    gnutls_memset(block, 0, sizeof(block));
    return rc;
}
