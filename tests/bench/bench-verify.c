/* SPDX-License-Identifier: MIT */
/* bench-verify: the verification of one evidence beside the signatures in it.
 *
 * CPU time, medians. "signatures" are the six public-key operations that no
 * verifier can do without, by the same library: RSA-4096 four times (ARK, ASK,
 * VCEK, revocation list), ECDSA P-384 (report), RSA-2048 (quote). What "verify" takes beyond
 * that is what the verifier costs; "document" reads the JSON as well. Fails
 * when one document takes more than the 5 ms that were promised.
 */
#include <gnutls/abstract.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "harness/evidence_json.h"
#include "tests/unit/evidence-sample.h"

#define ROUNDS 200
#define LIMIT_MS 5.0

static struct sample sample;
static char *document;

/* A key, what it signed, and by which algorithm */
struct operation {
    gnutls_pubkey_t key;
    gnutls_datum_t signature;
    gnutls_sign_algorithm_t algorithm;
};
static struct operation rsa4096, p384, rsa2048;
static const gnutls_datum_t message = { (unsigned char *)"a certificate", 13 };

static double cpu_ms(void)
{
    struct timespec now;

    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
    return (double)now.tv_sec * 1e3 + (double)now.tv_nsec / 1e6;
}

static void make_operation(struct operation *o, gnutls_pk_algorithm_t pk,
                           unsigned bits, gnutls_sign_algorithm_t algorithm)
{
    gnutls_privkey_t key;

    o->algorithm = algorithm;
    g_assert_cmpint(gnutls_privkey_init(&key), ==, 0);
    g_assert_cmpint(gnutls_privkey_generate(key, pk, bits, 0), ==, 0);
    g_assert_cmpint(
        gnutls_privkey_sign_data2(key, algorithm, 0, &message, &o->signature),
        ==, 0);
    g_assert_cmpint(gnutls_pubkey_init(&o->key), ==, 0);
    g_assert_cmpint(gnutls_pubkey_import_privkey(o->key, key, 0, 0), ==, 0);
    gnutls_privkey_deinit(key);
}

static void clear_operation(struct operation *o)
{
    gnutls_pubkey_deinit(o->key);
    gnutls_free(o->signature.data);
}

static void operate(const struct operation *o)
{
    g_assert_cmpint(gnutls_pubkey_verify_data2(o->key, o->algorithm, 0,
                                               &message, &o->signature),
                    >=, 0);
}

static void signatures(void)
{
    for (int i = 0; i < 4; i++) {
        operate(&rsa4096);
    }
    operate(&p384);
    operate(&rsa2048);
}

static void judge(struct evtpm_evidence *e)
{
    struct evtpm_result result;

    if (evtpm_verify(e, &sample.policy, &result) != 0) {
        g_error("%s: %s", evtpm_link_name(result.failed),
                result.link[result.failed].detail);
    }
}

static void verify(void)
{
    judge(&sample.evidence);
}

static void read_and_verify(void)
{
    struct evtpm_evidence e;

    g_assert_true(evidence_from_json(document, -1, &e, NULL));
    judge(&e);
    evtpm_evidence_clear(&e);
}

static int compare(const void *a, const void *b)
{
    const double *x = a, *y = b;

    return *x < *y ? -1 : *x > *y;
}

static double median_ms(void (*work)(void))
{
    double ms[ROUNDS];

    work();
    for (int i = 0; i < ROUNDS; i++) {
        double start = cpu_ms();

        work();
        ms[i] = cpu_ms() - start;
    }
    qsort(ms, ROUNDS, sizeof(*ms), compare);
    return ms[ROUNDS / 2];
}

int main(void)
{
    double base, alone, whole;

    sample_chips_create(1);
    sample_init(&sample, 0, 0);
    document = evidence_to_json(&sample.evidence);
    make_operation(&rsa4096, GNUTLS_PK_RSA, 4096,
                   GNUTLS_SIGN_RSA_PSS_RSAE_SHA384);
    make_operation(&p384, GNUTLS_PK_ECDSA,
                   GNUTLS_CURVE_TO_BITS(GNUTLS_ECC_CURVE_SECP384R1),
                   GNUTLS_SIGN_ECDSA_SHA384);
    make_operation(&rsa2048, GNUTLS_PK_RSA, 2048, GNUTLS_SIGN_RSA_SHA256);
    base = median_ms(signatures);
    alone = median_ms(verify);
    whole = median_ms(read_and_verify);
    printf("%-22s %8s %8s\n", "", "CPU ms", "ratio");
    printf("%-22s %8.3f %8s\n", "signatures alone", base, "1");
    printf("%-22s %8.3f %8.2f\n", "verify", alone, alone / base);
    printf("%-22s %8.3f %8.2f\n", "document and verify", whole, whole / base);
    clear_operation(&rsa4096);
    clear_operation(&p384);
    clear_operation(&rsa2048);
    g_free(document);
    sample_clear(&sample);
    sample_chips_remove();
    if (whole > LIMIT_MS) {
        printf("more than %.0f ms\n", LIMIT_MS);
        return 1;
    }
    return 0;
}
