/* SPDX-License-Identifier: MIT */
/* The evidence document: what a guest may send, and what it may not. */
#include <glib.h>
#include <string.h>

#include "harness/evidence_json.h"
#include "harness/json_depth.h"

#define HEX64 "00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff"

static const char good[] =
    "{\"version\":1,\"nonce\":\"bm9uY2U=\",\"report\":\"cmVwb3J0\","
    "\"certificates\":\"\",\"manifest\":\"bWFuaWZlc3Q=\","
    "\"ek_public\":\"ZWs=\",\"ak_public\":\"YWs=\",\"ak_name\":\"bmFtZQ==\","
    "\"credential_secret\":\"c2VjcmV0\","
    "\"quote\":{\"attest\":\"YXR0ZXN0\",\"signature\":\"c2ln\"},"
    "\"pcrs\":{\"sha256\":{\"0\":\"" HEX64 "\",\"23\":\"" HEX64 "\"}},"
    "\"event_log\":\"bG9n\",\"ima_log\":\"\"}";

static char *replaced(const char *from, const char *to)
{
    const char *at = strstr(good, from);
    g_assert_nonnull(at);
    return g_strdup_printf("%.*s%s%s", (int)(at - good), good, to,
                           at + strlen(from));
}

static void check_good(struct evtpm_evidence *e)
{
    g_assert_cmpmem(e->nonce.data, e->nonce.size, "nonce", 5);
    g_assert_cmpmem(e->report.data, e->report.size, "report", 6);
    g_assert_cmpuint(e->certificates.size, ==, 0);
    g_assert_cmpmem(e->quote_attest.data, e->quote_attest.size, "attest", 6);
    g_assert_cmpmem(e->quote_signature.data, e->quote_signature.size, "sig", 3);
    g_assert_cmpmem(e->event_log.data, e->event_log.size, "log", 3);
    g_assert_cmphex(e->pcr_mask, ==, 1u << 0 | 1u << 23);
    g_assert_cmpuint(e->pcr[23][1], ==, 0x11);
}

/* There and back again. */
static void test_good(void)
{
    struct evtpm_evidence e, again;
    g_autoptr(GError) error = NULL;
    evidence_from_json(good, -1, &e, &error);
    g_assert_no_error(error);
    check_good(&e);
    g_autofree char *text = evidence_to_json(&e);
    evidence_from_json(text, -1, &again, &error);
    g_assert_no_error(error);
    check_good(&again);
    evtpm_evidence_clear(&e);
    evtpm_evidence_clear(&again);
}

static const struct {
    const char *from, *to, *text;
} rows[] = {
    { "\"version\":1", "\"version\":2", "not of version 1" },
    { "\"version\":1", "\"version\":{}", "not of version 1" },
    { "\"version\":1,", "", "not of version 1" },
    { "\"nonce\":\"bm9uY2U=\"", "\"nonce\":7", "lacks \"nonce\"" },
    { "\"nonce\":\"bm9uY2U=\"", "\"nonce\":[\"bm9uY2U=\"]", "lacks \"nonce\"" },
    { "bm9uY2U=", "bm9uY2U", "\"nonce\" is not base64" },
    { "bm9uY2U=", "bm9u Y2U=", "\"nonce\" is not base64" },
    { "bm9uY2U=", "", "\"nonce\" is empty" },
    { "\"bm9uY2U=\"",
      "\"AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"
      "AAAAAAAAAAAAAAAAAAAAAAAAAAAAA\"",
      "\"nonce\" has 72 bytes, at most 64" },
    { "\"quote\":{", "\"quota\":{", "lacks \"attest\"" },
    { "\"quote\":{\"attest\":\"YXR0ZXN0\",\"signature\":\"c2ln\"}",
      "\"quote\":\"YXR0ZXN0\"", "lacks \"attest\"" },
    { "\"sha256\":", "\"sha1\":", "lacks sha256 PCRs" },
    { "\"23\":", "\"24\":", "malformed PCR \"24\"" },
    { "\"23\":", "\"-1\":", "malformed PCR \"-1\"" },
    { "\"23\":", "\"2x\":", "malformed PCR \"2x\"" },
    { "\"23\":\"00", "\"23\":\"0", "malformed PCR \"23\"" },
    { "\"23\":\"00", "\"23\":\"0g", "malformed PCR \"23\"" },
    { "\"pcrs\":{", "\"pcrs\":[{", "not JSON" },
};

static void test_bad(gconstpointer data)
{
    const guint i = GPOINTER_TO_UINT(data);
    struct evtpm_evidence e;
    g_autoptr(GError) error = NULL;
    g_autofree char *text = replaced(rows[i].from, rows[i].to);
    g_assert_false(evidence_from_json(text, -1, &e, &error));
    if (!strstr(error->message, rows[i].text)) {
        g_test_message("%s", error->message);
        g_test_fail();
    }
    g_assert_cmpuint(e.nonce.size, ==, 0);
}

static void test_no_document(void)
{
    static const char *const texts[] = { "", "[]", "7", "null", "{", "x" };
    for (gsize i = 0; i < G_N_ELEMENTS(texts); i++) {
        struct evtpm_evidence e;
        g_autoptr(GError) error = NULL;
        g_assert_false(
            evidence_from_json(texts[i], (gssize)strlen(texts[i]), &e, &error));
        g_assert_nonnull(error);
        g_assert_null(strchr(error->message, '\n'));
    }
}

static const struct {
    const char *head, *unit; /* the unit is repeated */
    unsigned count;
    gboolean refused;
} deep[] = {
    { "", "[", 32, FALSE },
    { "", "[", 33, TRUE },
    { "", "{\"a\":[", 16, FALSE },
    { "", "{\"a\":[", 17, TRUE },
    { "", "[]", 5000, FALSE },
    { "\"", "[", 5000, FALSE },      /* in a string */
    { "", "[\"]\",", 33, TRUE },     /* which closes nothing */
    { "", "[\"\\\"]\",", 33, TRUE }, /* nor does one with a quote */
    { "", "]", 5000, FALSE },        /* below zero */
    { "]]]]", "[", 33, TRUE },       /* which saves up nothing */
    { "/*\"*/", "[", 33, TRUE },     /* a comment's quote */
    { "", "[", 1000000, TRUE },      /* what overflows json-glib's stack */
};

static void test_deep(void)
{
    for (gsize i = 0; i < G_N_ELEMENTS(deep); i++) {
        g_autoptr(GString) text = g_string_new(deep[i].head);
        struct evtpm_evidence e;
        g_autoptr(GError) error = NULL;
        for (unsigned n = 0; n < deep[i].count; n++) {
            g_string_append(text, deep[i].unit);
        }
        const char *refused = json_depth_refuse(text->str, -1);
        g_assert_cmpint(refused != NULL, ==, deep[i].refused);
        g_assert_false(evidence_from_json(text->str, -1, &e, &error));
        g_assert_nonnull(strstr(error->message, "evidence: not"));
    }
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/harness/evidence/good", test_good);
    g_test_add_func("/harness/evidence/no-document", test_no_document);
    g_test_add_func("/harness/evidence/deep", test_deep);
    for (guint i = 0; i < G_N_ELEMENTS(rows); i++) {
        g_autofree char *path = g_strdup_printf("/harness/evidence/bad/%u", i);
        g_test_add_data_func(path, GUINT_TO_POINTER(i), test_bad);
    }
    return g_test_run();
}
