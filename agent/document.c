/* SPDX-License-Identifier: MIT */
#include "agent/document.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "agent/base64.h"

/* "name":"base64", and what follows it */
static bool print_member(const char *name, const struct evtpm_blob *blob,
                         const char *after)
{
    char *text = base64_encode(blob);
    bool done = text && printf("\"%s\":\"%s\"%s", name, text, after) > 0;

    free(text);
    return done;
}

static bool print_pcrs(const struct evtpm_evidence *e)
{
    char hex[2 * sizeof(e->pcr[0]) + 1];
    bool done = printf("\"pcrs\":{\"sha256\":{") > 0;

    for (unsigned int i = 0; done && i < EVTPM_PCR_COUNT; i++) {
        done = printf("%s\"%u\":\"%s\"", i ? "," : "", i,
                      evtpm_hex(hex, sizeof(hex), e->pcr[i],
                                sizeof(e->pcr[i]))) > 0;
    }
    return done && printf("}},") > 0;
}

static int finish(bool done, struct evtpm_error *err)
{
    if (!done || fflush(stdout) != 0) {
        return evtpm_fail(err, "cannot write the output: %s", strerror(errno));
    }
    return 0;
}

int document_print_keys(const struct evtpm_evidence *e, struct evtpm_error *err)
{
    return finish(printf("{") > 0 &&
                      print_member("ek_public", &e->ek_public, ",") &&
                      print_member("ak_public", &e->ak_public, ",") &&
                      print_member("ak_name", &e->ak_name, "}\n"),
                  err);
}

int document_print(const struct evtpm_evidence *e, struct evtpm_error *err)
{
    return finish(
        printf("{\"version\":1,") > 0 &&
            print_member("nonce", &e->nonce, ",") &&
            print_member("report", &e->report, ",") &&
            print_member("certificates", &e->certificates, ",") &&
            print_member("manifest", &e->manifest, ",") &&
            print_member("ek_public", &e->ek_public, ",") &&
            print_member("ak_public", &e->ak_public, ",") &&
            print_member("ak_name", &e->ak_name, ",") &&
            print_member("credential_secret", &e->credential_secret, ",") &&
            printf("\"quote\":{") > 0 &&
            print_member("attest", &e->quote_attest, ",") &&
            print_member("signature", &e->quote_signature, "},") &&
            print_pcrs(e) && print_member("event_log", &e->event_log, ",") &&
            print_member("ima_log", &e->ima_log, "}\n"),
        err);
}
