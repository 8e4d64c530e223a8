/* SPDX-License-Identifier: MIT */
/* A policy that uses all there is, which the sample's evidence satisfies. */
#include <gnutls/crypto.h>
#include <string.h>

#include "tests/unit/crl-sample.h"
#include "tests/unit/evidence-sample.h"
#include "tests/unit/log-sample.h"

#define YEAR (365 * 24 * 60 * 60)

static void digest_text(const char *text, uint8_t out[32])
{
    gnutls_hash_fast(GNUTLS_DIG_SHA256, text, strlen(text), out);
}

void sample_add_rule(struct sample *s, enum evtpm_rule_kind kind, unsigned pcr,
                     const uint8_t (*digests)[32], size_t count,
                     const char *name)
{
    struct evtpm_event_rule *rule = &s->rules[s->policy.event_rule_count++];

    g_assert_cmpuint(s->policy.event_rule_count, <=, G_N_ELEMENTS(s->rules));
    *rule = (struct evtpm_event_rule){ name, kind, pcr, digests, count };
    s->policy.event_rules = s->rules;
}

static void restrict_events(struct sample *s)
{
    digest_text(LOG_KERNEL, s->kernel[0]);
    digest_text(LOG_INITRD, s->initrd[0]);
    digest_text("a kernel with a hole", s->bad_kernel[0]);
    g_assert_cmpint(
        evtpm_command_line_digests(LOG_COMMAND_LINE, s->command_line), ==, 0);
    sample_add_rule(s, EVTPM_RULE_REQUIRE, 4, SAMPLE_DIGESTS(s->kernel), 1,
                    "kernel");
    sample_add_rule(s, EVTPM_RULE_ONLY, 4, SAMPLE_DIGESTS(s->kernel), 1,
                    "kernel");
    sample_add_rule(s, EVTPM_RULE_REQUIRE, 9, SAMPLE_DIGESTS(s->initrd), 1,
                    "initrd");
    sample_add_rule(s, EVTPM_RULE_ONLY, 9, SAMPLE_DIGESTS(s->initrd), 1,
                    "initrd");
    sample_add_rule(s, EVTPM_RULE_REQUIRE, 9, SAMPLE_DIGESTS(s->command_line),
                    EVTPM_COMMAND_LINE_DIGESTS, "command line");
    sample_add_rule(s, EVTPM_RULE_ONLY, 9, SAMPLE_DIGESTS(s->command_line),
                    EVTPM_COMMAND_LINE_DIGESTS, "command line");
    sample_add_rule(s, EVTPM_RULE_FORBID, 4, SAMPLE_DIGESTS(s->bad_kernel), 1,
                    "bad kernels");
}

static void restrict_files(struct sample *s)
{
    char hex[65], *line;
    uint8_t digest[32];

    digest_text("/usr/bin/init", digest);
    line = g_strdup_printf("# what may run\n%s  /usr/bin/init\n",
                           evtpm_hex(hex, sizeof(hex), digest, 32));
    g_assert_cmpint(evtpm_allow_list_add(&s->files, line, strlen(line), NULL),
                    ==, 0);
    g_free(line);
    s->policy.ima_files = &s->files;
}

void sample_make_crl(struct sample *s, const struct evtpm_blob *issuer,
                     const char *key, const struct evtpm_blob *revoked)
{
    g_autofree char *path =
        g_build_filename(sample_chip_dir(s->chip_number), key, NULL);
    struct crl_sample crl = { .issuer = issuer,
                              .key = path,
                              .revoked = revoked,
                              .from = time(NULL) - 60,
                              .to = time(NULL) + YEAR };

    crl_sample_make(&crl, &s->crls[0]);
    s->policy.crls = s->crls;
    s->policy.crl_count = 1;
}

void sample_policy(struct sample *s)
{
    struct evtpm_policy *p = &s->policy;

    memcpy(s->id_key[0], s->guest.id_key_digest, 48);
    memcpy(s->author_key[0], s->guest.author_key_digest, 48);
    p->id_keys = SAMPLE_KEYS(s->id_key);
    p->author_keys = SAMPLE_KEYS(s->author_key);
    p->id_key_count = p->author_key_count = 1;

    memcpy(s->pcr_values[0], s->evidence.pcr[7], 32);
    s->pcr_rules[0].pcr = 7;
    s->pcr_rules[0].values = SAMPLE_DIGESTS(s->pcr_values);
    s->pcr_rules[0].value_count = 1;
    p->pcr_rules = s->pcr_rules;
    p->pcr_rule_count = 1;

    s->floors[s->chip->product] = s->chip->tcb;
    p->tcb_floors = s->floors;
    p->tcb_products = 1u << s->chip->product;

    restrict_events(s);
    restrict_files(s);
    sample_make_crl(s, &s->chip->ark, "ark-key.pem", NULL);
    p->require_crl = true;
    p->nonce_issued = time(NULL) - 5;
    p->maximum_age = 300;
}

void sample_policy_clear(struct sample *s)
{
    evtpm_allow_list_clear(&s->files);
    evtpm_blob_clear(&s->crls[0]);
}
