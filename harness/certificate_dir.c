/* SPDX-License-Identifier: MIT */
/* Choosing certificates for a report. Nothing is trusted here: the verifier
 * checks the chain that comes out. */
#include "harness/certificate_dir.h"

#include <string.h>

#include "lib/bundle.h"
#include "lib/file.h"
#include "lib/report.h"

#define FILE_MAX (1u << 20)

static void chain_free(gpointer data)
{
    evtpm_chain_clear(data);
    g_free(data);
}

static int by_name(gconstpointer a, gconstpointer b)
{
    return strcmp(*(const char *const *)a, *(const char *const *)b);
}

/* Regular files of the directory, sorted: the choice does not depend on luck.
 */
static GPtrArray *list_files(const char *path, GError **error)
{
    g_autoptr(GError) local = NULL;
    g_autoptr(GDir) dir = g_dir_open(path, 0, &local);
    GPtrArray *files = g_ptr_array_new_with_free_func(g_free);
    const char *name;
    if (!dir) {
        fail(error, HARNESS_ERROR_FAILED, "%s", local->message);
    }
    while (dir && (name = g_dir_read_name(dir))) {
        g_autofree char *file = g_build_filename(path, name, NULL);
        if (g_file_test(file, G_FILE_TEST_IS_REGULAR)) {
            g_ptr_array_add(files, g_steal_pointer(&file));
        }
    }
    g_ptr_array_sort(files, by_name);
    return files;
}

/* One chain for each file that holds certificates. */
static GPtrArray *read_files(const GPtrArray *files)
{
    GPtrArray *chains = g_ptr_array_new_with_free_func(chain_free);
    for (guint i = 0; i < files->len; i++) {
        struct evtpm_blob file = { 0 };
        struct evtpm_chain *chain = g_new0(struct evtpm_chain, 1);
        if (evtpm_file_read(g_ptr_array_index(files, i), FILE_MAX, &file,
                            NULL) == 0 &&
            evtpm_chain_add(chain, file.data, file.size, NULL) == 0) {
            g_ptr_array_add(chains, chain);
        } else {
            chain_free(chain);
        }
        evtpm_blob_clear(&file);
    }
    return chains;
}

/* Is this the certificate of the key that signs the report, by what it says? */
static gboolean signs(const struct evtpm_blob *der, gboolean vlek,
                      const struct snp_attestation_report *report)
{
    struct evtpm_vcek_info info;
    gnutls_x509_crt_t crt = der->size ? evtpm_cert_import(der, NULL) : NULL;
    gboolean ok = crt && (vlek ? evtpm_vlek_read(crt, &info, NULL)
                               : evtpm_vcek_read(crt, &info, NULL)) == 0;
    if (crt) {
        gnutls_x509_crt_deinit(crt);
    }
    if (!ok || memcmp(info.hwid, report->chip_id, info.hwid_size) != 0) {
        return FALSE;
    }
    struct snp_tcb tcb = snp_tcb_decode(info.product, report->reported_tcb);
    return memcmp(&tcb, &info.tcb, sizeof(tcb)) == 0;
}

static gboolean issued(const struct evtpm_blob *der,
                       const struct evtpm_blob *issuer)
{
    gnutls_x509_crt_t crt =
        issuer->size ? evtpm_cert_import(issuer, NULL) : NULL;
    gboolean ok = crt && evtpm_cert_signed_by(der, crt);
    if (crt) {
        gnutls_x509_crt_deinit(crt);
    }
    return ok;
}

static gboolean take(struct evtpm_blob *to, const struct evtpm_blob *from)
{
    evtpm_blob_clear(to);
    return evtpm_blob_set(to, from->data, from->size);
}

/* Both certificates above `leaf`, where they are there. */
static void take_issuers(const GPtrArray *chains, const struct evtpm_blob *leaf,
                         struct evtpm_chain *chain)
{
    for (guint i = 0; i < chains->len && !chain->ask.size; i++) {
        const struct evtpm_chain *c = g_ptr_array_index(chains, i);
        if (issued(leaf, &c->ask)) {
            take(&chain->ask, &c->ask);
        }
    }
    for (guint i = 0; i < chains->len && chain->ask.size && !chain->ark.size;
         i++) {
        const struct evtpm_chain *c = g_ptr_array_index(chains, i);
        if (issued(&chain->ask, &c->ark)) {
            take(&chain->ark, &c->ark);
        }
    }
}

static gboolean none(const char *dir, gboolean vlek,
                     const struct snp_attestation_report *report,
                     GError **error)
{
    GString *id = g_string_new(NULL);
    GString *tcb = g_string_new(NULL);
    for (int i = 0; i < 8; i++) {
        g_string_append_printf(id, "%02x", report->chip_id[i]);
        g_string_append_printf(tcb, "%02x", report->reported_tcb[i]);
    }
    fail(error, HARNESS_ERROR_NOT_FOUND,
         "%s: no %s of chip %s... for the TCB %s (bytes as in the report)", dir,
         vlek ? "VLEK" : "VCEK", id->str, tcb->str);
    g_string_free(id, TRUE);
    g_string_free(tcb, TRUE);
    return FALSE;
}

gboolean certificate_dir_add(const char *dir, const struct evtpm_blob *blob,
                             struct evtpm_chain *chain, GError **error)
{
    struct snp_attestation_report report;
    struct evtpm_error err = { "" };
    g_autoptr(GError) local = NULL;
    g_autoptr(GPtrArray) files = list_files(dir, &local);
    if (local) {
        g_propagate_error(error, g_steal_pointer(&local));
        return FALSE;
    }
    if (snp_report_parse(blob->data, blob->size, &report, &err) < 0) {
        return fail_lib(error, &err);
    }
    gboolean vlek =
        SNP_KEY_INFO_SIGNING_KEY(report.key_info) == SNP_SIGNING_KEY_VLEK;
    g_autoptr(GPtrArray) chains = read_files(files);
    for (guint i = 0; i < chains->len; i++) {
        const struct evtpm_chain *c = g_ptr_array_index(chains, i);
        const struct evtpm_blob *leaf = vlek ? &c->vlek : &c->vcek;
        if (signs(leaf, vlek, &report)) {
            take(vlek ? &chain->vlek : &chain->vcek, leaf);
            take_issuers(chains, leaf, chain);
            return TRUE;
        }
    }
    return none(dir, vlek, &report, error);
}
