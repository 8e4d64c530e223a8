/* SPDX-License-Identifier: MIT */
/*
 * The verifier, link by link: good evidence passes; a row changes one thing,
 * makes again what a skilful adversary could make again, and names the link
 * that must refuse it and its words.
 */
#include <gnutls/gnutls.h>
#include <string.h>

#include "tests/unit/evidence-change.h"
#include "tests/unit/log-sample.h"
#include "tests/unit/only-lists.h"

struct sample change_other;

/* What was sent must not obey its own commands on the reader's screen. */
static void expect_printable(const struct evtpm_result *result)
{
    for (int i = 0; i < EVTPM_LINK_COUNT; i++) {
        const struct evtpm_link_result *r = &result->link[i];

        for (const char *c = r->detail; *c; c++) {
            g_assert_true(g_ascii_isprint(*c));
        }
        for (const char *c = r->seen; *c; c++) {
            g_assert_true(g_ascii_isprint(*c));
        }
        for (const char *c = r->wanted; *c; c++) {
            g_assert_true(g_ascii_isprint(*c));
        }
    }
}

static void test_bad(gconstpointer data)
{
    const struct evidence_change *row = data;
    struct evtpm_result result;
    struct sample s;
    int status;

    sample_init(&s, 0, 0);
    g_assert_cmpint(evtpm_verify(&s.evidence, &s.policy, &result), ==, 0);
    row->change(&s);
    status = evtpm_verify(&s.evidence, &s.policy, &result);
    g_test_message("%s: %s", evtpm_link_name(result.failed),
                   result.failed < EVTPM_LINK_COUNT
                       ? result.link[result.failed].detail
                       : "");
    g_assert_cmpstr(evtpm_link_name(result.failed), ==,
                    evtpm_link_name(row->link));
    g_assert_cmpint(status, ==, 20 + (int)row->link);
    g_assert_nonnull(strstr(result.link[result.failed].detail, row->words));
    expect_printable(&result);
    sample_clear(&s);
}

/* A link that no row breaks might as well not be there. */
static void test_every_link(void)
{
    static const struct evidence_change *const tables[] = {
        platform_changes, tpm_changes, policy_changes, log_changes
    };
    gboolean broken[EVTPM_LINK_COUNT] = { FALSE };

    for (size_t i = 0; i < G_N_ELEMENTS(tables); i++) {
        for (const struct evidence_change *row = tables[i]; row->name; row++) {
            broken[row->link] = TRUE;
        }
    }
    for (int i = 0; i < EVTPM_LINK_COUNT; i++) {
        g_test_message("%s", evtpm_link_name(i));
        g_assert_true(broken[i]);
    }
}

static void expect_good(const struct sample *s)
{
    struct evtpm_result result;
    int status = evtpm_verify(&s->evidence, &s->policy, &result);

    if (status != 0) {
        g_error("%s: %s", evtpm_link_name(result.failed),
                result.link[result.failed].detail);
    }
    g_assert_cmpint(result.failed, ==, EVTPM_LINK_COUNT);
    g_assert_true(result.emulated);
    for (int i = 0; i < EVTPM_LINK_COUNT; i++) {
        g_assert_cmpint(result.link[i].status, ==, EVTPM_PASSED);
        g_assert_cmpstr(result.link[i].detail, !=, "");
    }
}

static void test_good(void)
{
    struct sample s;

    for (unsigned vm = 0; vm < 2; vm++) {
        for (unsigned chip = 0; chip < SAMPLE_CHIPS; chip++) {
            sample_init(&s, vm, chip);
            expect_good(&s);
            g_assert_cmpint(s.chip->vlek_key != NULL, ==, chip == 3);
            sample_clear(&s);
        }
    }
}

/* A provider's key is revoked by its ASVK; a VCEK of the chip does not help. */
static void test_vlek(void)
{
    struct evtpm_result result;
    struct sample s;

    sample_init(&s, 0, 3);
    g_assert_cmpint(evtpm_verify(&s.evidence, &s.policy, &result), ==, 0);
    g_assert_nonnull(
        strstr(result.link[EVTPM_LINK_CHIP].detail, "a key of some cloud"));
    sample_make_crl(&s, &s.chip->ark, "ark-key.pem", &s.chip->asvk);
    g_assert_cmpint(evtpm_verify(&s.evidence, &s.policy, &result), ==,
                    evtpm_link_exit_status(EVTPM_LINK_REVOCATION));
    g_assert_cmpstr(result.link[EVTPM_LINK_REVOCATION].detail, ==,
                    "the ASVK was revoked by the ARK");
    sample_own_chain(&s); /* ARK, ASK, VCEK of the same chip */
    g_assert_cmpint(evtpm_verify(&s.evidence, &s.policy, &result), ==,
                    evtpm_link_exit_status(EVTPM_LINK_CHAIN));
    g_assert_cmpstr(result.link[EVTPM_LINK_CHAIN].detail, ==,
                    "VLEK: certificate is missing");
    sample_clear(&s);
}

static void test_good_schemes(void)
{
    static const TPMI_ALG_SIG_SCHEME schemes[] = { TPM2_ALG_RSAPSS,
                                                   TPM2_ALG_ECDSA };
    struct sample s;

    for (size_t i = 0; i < G_N_ELEMENTS(schemes); i++) {
        sample_init(&s, 0, 0);
        sample_new_ak(&s, schemes[i]);
        sample_remake_publics(&s);
        sample_quote(&s);
        expect_good(&s);
        sample_clear(&s);
    }
}

/* Certificates from elsewhere, a root as PEM, several digests, a TCB floor that
 * is met. */
static void test_good_variants(void)
{
    gnutls_datum_t der, pem;
    uint8_t digests[2][48] = { { 0 } };
    struct sample s;

    sample_init(&s, 0, 0);
    sample_own_chain(&s);
    der.data = s.chip->ark.data;
    der.size = (unsigned)s.chip->ark.size;
    g_assert_cmpint(gnutls_pem_base64_encode2("CERTIFICATE", &der, &pem), ==,
                    0);
    s.roots[0].data = pem.data;
    s.roots[0].size = pem.size;
    memcpy(digests[1], s.launch_digest[0], 48);
    s.policy.launch_digests = (const uint8_t(*)[48])digests;
    s.policy.launch_digest_count = 2;
    expect_good(&s);
    gnutls_free(pem.data);
    sample_clear(&s);
}

/* The IMA list goes on after the quote; application PCRs need no log when the
 * policy says so. */
static void test_good_logs(void)
{
    g_autoptr(GByteArray) list = g_byte_array_new();
    struct sample s;

    sample_init(&s, 0, 0);
    ima_boot_aggregate(list, (const uint8_t(*)[32])s.evidence.pcr);
    ima_entry(list, 10, "/usr/bin/init", FALSE);
    ima_entry(list, 10, "/usr/bin/later", FALSE);
    g_assert_true(evtpm_blob_set(&s.evidence.ima_log, list->data, list->len));
    memset(s.evidence.pcr[23], 0x23, 32);
    sample_quote(&s);
    s.policy.free_pcrs = 1u << 23;
    expect_good(&s);
    sample_clear(&s);
}

static void test_debug_by_request(void)
{
    struct sample s;

    sample_init(&s, 0, 0);
    sample_launch(&s, SNP_POLICY_DEFAULT | SNP_POLICY_DEBUG);
    sample_report(&s);
    s.policy.allow_debug = true;
    expect_good(&s);
    sample_clear(&s);
}

/* Whoever signs for images need not be asked for each: no digest, but keys. */
static void test_keys_only(void)
{
    struct evtpm_result result;
    struct sample s;

    sample_init(&s, 0, 0);
    s.policy.launch_digest_count = 0;
    for (int i = 0; i < 2; i++) {
        g_assert_cmpint(evtpm_verify(&s.evidence, &s.policy, &result), ==, 0);
        g_assert_cmpint(result.link[EVTPM_LINK_LAUNCH_DIGEST].status, ==,
                        EVTPM_SKIPPED);
        g_assert_cmpint(result.link[EVTPM_LINK_ID_BLOCK].status, ==,
                        EVTPM_PASSED);
        s.policy.id_key_count = 0; /* the author key alone does as well */
    }
    s.policy.author_key_count = 0;
    g_assert_cmpint(evtpm_verify(&s.evidence, &s.policy, &result), ==,
                    evtpm_link_exit_status(EVTPM_LINK_LAUNCH_DIGEST));
    sample_clear(&s);
}

/* A policy that asks for less: those links say so and are no verdict. */
static void test_less_asked(void)
{
    struct evtpm_result result;
    struct sample s;

    sample_init(&s, 0, 0);
    s.policy.crl_count = s.policy.id_key_count = s.policy.author_key_count = 0;
    s.policy.require_crl = false;
    s.policy.pcr_rule_count = s.policy.event_rule_count = 0;
    s.policy.ima_files = NULL;
    s.policy.maximum_age = 0;
    g_assert_cmpint(evtpm_verify(&s.evidence, &s.policy, &result), ==, 0);
    for (int i = 0; i < EVTPM_LINK_COUNT; i++) {
        g_assert_cmpint(result.link[i].status, ==,
                        i < EVTPM_LINK_REVOCATION ? EVTPM_PASSED
                                                  : EVTPM_SKIPPED);
    }
    sample_clear(&s);
}

/* A recorded document: what cannot be known is skipped and says so, nothing
 * else is. */
static void test_recorded(void)
{
    struct evtpm_result result;
    struct sample s;

    sample_init(&s, 0, 0);
    s.policy.recorded = true;
    s.policy.nonce = NULL;
    s.policy.credential = NULL;
    s.policy.maximum_age = 0;
    g_assert_cmpint(evtpm_verify(&s.evidence, &s.policy, &result), ==, 0);
    for (int i = 0; i < EVTPM_LINK_COUNT; i++) {
        g_assert_cmpint(result.link[i].status, ==,
                        i == EVTPM_LINK_NONCE || i == EVTPM_LINK_AK_BINDING ||
                                i == EVTPM_LINK_FRESHNESS
                            ? EVTPM_SKIPPED
                            : EVTPM_PASSED);
    }
    /* Given all the same, they count. */
    s.policy.nonce = &change_other.nonce;
    g_assert_cmpint(evtpm_verify(&s.evidence, &s.policy, &result), ==,
                    evtpm_link_exit_status(EVTPM_LINK_NONCE));
    sample_clear(&s);
}

/* All of another VM's evidence: freshness, EK and AK each notice on their own.
 */
static void test_other_vm(void)
{
    struct evtpm_result result;
    struct sample s;

    sample_init(&s, 0, 0);
    s.roots[0] = change_other.chip->ark;
    g_assert_cmpint(evtpm_verify(&change_other.evidence, &s.policy, &result),
                    ==, evtpm_link_exit_status(EVTPM_LINK_NONCE));
    g_assert_cmpint(result.link[EVTPM_LINK_AK_BINDING].status, ==,
                    EVTPM_FAILED);
    g_assert_cmpint(result.link[EVTPM_LINK_REPORT_SIGNATURE].status, ==,
                    EVTPM_PASSED);
    sample_clear(&s);
}

/* Nothing at all: every link fails or is skipped, none passes for want of
 * input. */
static void test_empty(void)
{
    static const struct evtpm_evidence nothing;
    static const struct evtpm_policy strict;
    struct evtpm_result result;

    g_assert_cmpint(evtpm_verify(&nothing, &strict, &result), ==, 20);
    for (int i = 0; i < EVTPM_LINK_COUNT; i++) {
        g_assert_cmpint(result.link[i].status, !=, EVTPM_PASSED);
    }
}

/* A genuine report of a Milan under the root that AMD publishes, where somebody
 * has one: EVTPM_AMD_SAMPLE names a directory with report.bin and the
 * certificates ark.pem, ask.pem, vcek.der. */
static void test_amd(void)
{
    static const enum evtpm_link wanted[] = {
        EVTPM_LINK_ROOT, EVTPM_LINK_CHAIN,       EVTPM_LINK_REPORT_SIGNATURE,
        EVTPM_LINK_CHIP, EVTPM_LINK_REPORT_FORM, EVTPM_LINK_VMPL,
    };
    static const char *const files[] = { "report.bin", "ark.pem", "ask.pem",
                                         "vcek.der" };
    struct evtpm_evidence evidence = { 0 };
    struct evtpm_chain chain = { 0 };
    struct evtpm_policy policy = { .certificates = &chain, .now = 1700000000 };
    struct evtpm_blob *to[] = { &evidence.report, &chain.ark, &chain.ask,
                                &chain.vcek };
    struct evtpm_result result;
    const char *sample = g_getenv("EVTPM_AMD_SAMPLE");

    if (!sample) {
        g_test_skip("EVTPM_AMD_SAMPLE names no report of AMD hardware");
        return;
    }
    for (size_t i = 0; i < G_N_ELEMENTS(files); i++) {
        g_autofree char *path = g_build_filename(sample, files[i], NULL);
        g_autofree char *data = NULL;
        gsize size;

        g_assert_true(g_file_get_contents(path, &data, &size, NULL));
        if (i == 0) {
            g_assert_true(evtpm_blob_set(to[i], data, size));
        } else {
            g_assert_cmpint(evtpm_cert_decode(data, size, to[i], NULL), ==, 0);
        }
    }
    evtpm_verify(&evidence, &policy, &result);
    for (size_t i = 0; i < G_N_ELEMENTS(wanted); i++) {
        g_test_message("%s: %s", evtpm_link_name(wanted[i]),
                       result.link[wanted[i]].detail);
        g_assert_cmpint(result.link[wanted[i]].status, ==, EVTPM_PASSED);
    }
    g_assert_false(result.emulated);

    change_flip(&evidence.report, 0x50);
    evtpm_verify(&evidence, &policy, &result);
    g_assert_cmpint(result.link[EVTPM_LINK_REPORT_SIGNATURE].status, ==,
                    EVTPM_FAILED);
    evtpm_evidence_clear(&evidence);
    evtpm_chain_clear(&chain);
}

static void test_names(void)
{
    for (int i = 0; i < EVTPM_LINK_COUNT; i++) {
        g_assert_cmpstr(evtpm_link_claim(i), !=, "");
        for (int j = 0; j < i; j++) {
            g_assert_cmpstr(evtpm_link_name(i), !=, evtpm_link_name(j));
            g_assert_cmpint(evtpm_link_exit_status(i), !=,
                            evtpm_link_exit_status(j));
        }
    }
    g_assert_cmpint(evtpm_link_exit_status(EVTPM_LINK_EVIDENCE), ==, 20);
    g_assert_cmpint(evtpm_link_exit_status(EVTPM_LINK_IMA_LOG), ==, 42);
    g_assert_cmpint(evtpm_link_exit_status(EVTPM_LINK_REVOCATION), ==, 43);
    g_assert_cmpint(evtpm_link_exit_status(EVTPM_LINK_FRESHNESS), ==, 48);
    g_assert_cmpint(evtpm_link_exit_status(EVTPM_LINK_COUNT), ==, 0);
}

static void add_changes(const struct evidence_change *changes)
{
    for (; changes->name; changes++) {
        g_autofree char *path =
            g_strdup_printf("/verify/bad/%s", changes->name);

        g_test_add_data_func(path, changes, test_bad);
    }
}

int main(int argc, char **argv)
{
    gboolean lists = only_lists(argc, argv);
    int status;

    g_test_init(&argc, &argv, NULL);
    if (!lists) {
        sample_chips_create(SAMPLE_CHIPS);
        sample_init(&change_other, 1, 2);
    }
    g_test_add_func("/verify/good", test_good);
    g_test_add_func("/verify/good/schemes", test_good_schemes);
    g_test_add_func("/verify/good/variants", test_good_variants);
    g_test_add_func("/verify/good/logs", test_good_logs);
    g_test_add_func("/verify/good/debug-by-request", test_debug_by_request);
    g_test_add_func("/verify/good/keys-only", test_keys_only);
    g_test_add_func("/verify/good/less-asked", test_less_asked);
    g_test_add_func("/verify/vlek", test_vlek);
    g_test_add_func("/verify/recorded", test_recorded);
    g_test_add_func("/verify/other-vm", test_other_vm);
    g_test_add_func("/verify/empty", test_empty);
    g_test_add_func("/verify/amd-milan", test_amd);
    g_test_add_func("/verify/names", test_names);
    g_test_add_func("/verify/every-link", test_every_link);
    add_changes(platform_changes);
    add_changes(tpm_changes);
    add_changes(policy_changes);
    add_changes(log_changes);
    status = g_test_run();
    if (!lists) {
        sample_clear(&change_other);
        sample_chips_remove();
    }
    return status;
}
