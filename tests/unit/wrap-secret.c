/* SPDX-License-Identifier: MIT */
/*
 * For tests/unit/guest-evidence.sh: what evtpm serve answers when it releases a
 * secret.
 *
 * usage: wrap-secret EK_PUBLIC AK_NAME SECRET (files) [PCR=HEX...]
 *
 * With PCRs the key is sealed, else it is in a credential.
 */
#include <stdio.h>
#include <stdlib.h>

#include "lib/file.h"
#include "serve/release.h"
#include "serve/service_priv.h"

static JsonObject *release(const struct evtpm_credential *keys,
                           const struct evtpm_blob *secret, char **pcrs)
{
    struct evtpm_evidence evidence = { .ek_public = keys->ek_public };
    uint32_t mask = 0;

    if (!*pcrs) {
        return release_by_credential("disk", secret, keys);
    }
    for (; *pcrs; pcrs++) {
        char *end;
        unsigned long n = strtoul(*pcrs, &end, 10);

        if (n >= EVTPM_PCR_COUNT || *end != '=' ||
            !evtpm_unhex(evidence.pcr[n], 32, end + 1)) {
            return NULL;
        }
        mask |= 1u << n;
    }
    return release_by_seal("disk", secret, &evidence, mask);
}

int main(int argc, char **argv)
{
    struct evtpm_credential keys = { 0 };
    struct evtpm_blob secret = { 0 };
    struct evtpm_error err = { "" };
    struct reply reply = { 0 };

    if (argc < 4 ||
        evtpm_file_read(argv[1], 0x1000, &keys.ek_public, &err) < 0 ||
        evtpm_file_read(argv[2], 0x1000, &keys.ak_name, &err) < 0 ||
        evtpm_file_read(argv[3], 0x10000, &secret, &err) < 0) {
        fprintf(stderr, "wrap-secret: %s\n", err.text);
        return 1;
    }
    JsonObject *o = reply_begin();
    JsonObject *released = release(&keys, &secret, argv + 4);
    if (!released) {
        fputs("wrap-secret: nothing was released\n", stderr);
        return 1;
    }
    json_object_set_string_member(o, "detail",
                                  "\"credential\":\"AAAA\",\"envelope\":\"AA");
    json_object_set_object_member(o, "secret", released);
    reply_object(&reply, 200, o);
    puts(reply.json);
    reply_clear(&reply);
    evtpm_blob_clear(&keys.ek_public);
    evtpm_blob_clear(&keys.ak_name);
    evtpm_blob_clear(&secret);
    return 0;
}
