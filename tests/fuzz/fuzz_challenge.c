/* SPDX-License-Identifier: MIT */
/*
 * What anybody may send to the service: keys for a challenge. Any body gets an
 * answer of one line, and a session only if a credential could be made.
 */
#include <stdlib.h>
#include <string.h>

#include "serve/service.h"
#include "tests/fuzz/fuzz.h"
#include "tests/unit/evidence-sample.h"

static struct service *service;
static const struct evtpm_policy policy;

static void clean_up(void)
{
    service_free(service);
}

static void start(void)
{
    const struct service_config config = {
        .policy = &policy,
        .lifetime = 1, /* microsecond: the table does not fill */
        .sessions_most = 1000,
        .workers = 1,
    };

    if (!service) {
        service = service_new(&config);
        atexit(clean_up);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct reply reply = { 0 };
    gboolean made;

    start();
    service_challenge(service, (const char *)data, size, NULL, &reply);
    made = reply.json && strstr(reply.json, "\"nonce\":\"") != NULL;
    if (!reply.json || strchr(reply.json, '\n') ||
        (reply.status != 200 && reply.status != 400) ||
        made != (reply.status == 200) ||
        made != (strstr(reply.json, "\"credential\":\"") != NULL)) {
        abort();
    }
    reply_clear(&reply);
    return 0;
}

void fuzz_corpus(void)
{
    struct sample s;

    sample_chips_create(1);
    sample_init(&s, 0, 0);
    const struct evtpm_evidence *e = &s.evidence;
    g_autofree char *ek = g_base64_encode(e->ek_public.data, e->ek_public.size);
    g_autofree char *ak = g_base64_encode(e->ak_public.data, e->ak_public.size);
    g_autofree char *name = g_base64_encode(e->ak_name.data, e->ak_name.size);
    g_autofree char *keys = g_strdup_printf(
        "{\"ek_public\":\"%s\",\"ak_public\":\"%s\",\"ak_name\":\"%s\"}", ek,
        ak, name);

    fuzz_add(keys, strlen(keys));
    fuzz_add("{}", 2);
    fuzz_add("[[[[{\"a\":\"\\\"\"}]]]]", 17);
    sample_clear(&s);
    sample_chips_remove();
}
