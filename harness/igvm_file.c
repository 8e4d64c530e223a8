/* SPDX-License-Identifier: MIT */
/* The default IGVM file, and comparing two. */
#include "harness/igvm_file.h"

#include <string.h>

#include "evtpm/svsm_boot.h"
#include "harness/artifacts.h"
#include "harness/tree.h"
#include "lib/file.h"
#include "lib/igvm_build.h"
#include "lib/plain_launch.h"

/* IGVM files in the cache: one per combination of inputs that was used lately.
 */
#define IGVM_KEPT 16

static void set_digest(struct igvm_summary *out, gsize size,
                       const struct launch_digest *digest)
{
    out->size = size;
    memcpy(out->digest, digest->ld, sizeof(out->digest));
    evtpm_hex(out->digest_hex, sizeof(out->digest_hex), digest->ld,
              sizeof(digest->ld));
}

static gboolean summarize(const struct evtpm_blob *blob, const char *path,
                          struct igvm_summary *out, GError **error)
{
    struct evtpm_error err = { "" };
    struct igvm_file file;
    struct launch_digest digest;
    if (igvm_open(blob->data, blob->size, &file, &err) < 0 ||
        igvm_launch_digest(&file, IGVM_PLATFORM_SEV_SNP, &digest, &err) < 0) {
        return fail(error, HARNESS_ERROR_FAILED, "%s: %s", path, err.text);
    }
    set_digest(out, blob->size, &digest);
    return TRUE;
}

gboolean igvm_file_summary(const char *path, struct igvm_summary *out,
                           GError **error)
{
    struct evtpm_error err = { "" };
    struct evtpm_blob blob = { 0 };
    if (evtpm_file_read(path, IGVM_BUILD_MAX, &blob, &err) < 0) {
        return fail_lib(error, &err);
    }
    gboolean ok = summarize(&blob, path, out, error);
    evtpm_blob_clear(&blob);
    return ok;
}

gboolean igvm_file_policy(const char *path, guint64 *policy, GError **error)
{
    struct evtpm_error err = { "" };
    struct evtpm_blob blob = { 0 };
    struct igvm_file file;
    struct igvm_iter it;
    struct igvm_header h;
    if (evtpm_file_read(path, IGVM_BUILD_MAX, &blob, &err) < 0 ||
        igvm_open(blob.data, blob.size, &file, &err) < 0) {
        evtpm_blob_clear(&blob);
        return fail_lib(error, &err);
    }
    igvm_iter_init(&it, &file, ~0u);
    while (igvm_next(&it, &h)) {
        if (h.type == IGVM_VHT_GUEST_POLICY && h.u.policy.policy) {
            *policy = h.u.policy.policy;
        }
    }
    evtpm_blob_clear(&blob);
    return TRUE;
}

/* Already there with the same bytes? A damaged file in the cache is replaced,
 * not trusted. */
static gboolean same_file(const char *path, const struct evtpm_blob *blob)
{
    struct evtpm_blob there = { 0 };
    gboolean same = evtpm_file_read(path, blob->size, &there, NULL) == 0 &&
                    evtpm_blob_equal(&there, blob);
    evtpm_blob_clear(&there);
    return same;
}

static char *store(const struct evtpm_blob *blob,
                   const struct igvm_summary *summary, GError **error)
{
    g_autofree char *name = g_strdup_printf("%.32s", summary->digest_hex);
    g_autofree char *dir = artifacts_cache_path("igvm", name, error);
    if (!dir || !tree_make(dir, error)) {
        return NULL;
    }
    g_autofree char *path = g_build_filename(dir, "evtpm.igvm", NULL);
    if (!same_file(path, blob) &&
        !tree_write(path, blob->data, (gssize)blob->size, error)) {
        return NULL;
    }
    g_autofree char *all = g_path_get_dirname(dir);
    g_autoptr(GPtrArray) spare = g_ptr_array_new();
    g_ptr_array_add(spare, name);
    tree_prune(all, IGVM_KEPT, spare);
    return g_steal_pointer(&path);
}

static char *make(const struct igvm_build_options *options,
                  struct igvm_summary *out, GError **error)
{
    struct evtpm_error err = { "" };
    struct evtpm_blob blob = { 0 };
    if (igvm_build(options, &blob, &err) < 0) {
        fail_lib(error, &err);
        return NULL;
    }
    char *path = NULL;
    if (summarize(&blob, "the new IGVM file", out, error)) {
        path = store(&blob, out, error);
    }
    evtpm_blob_clear(&blob);
    return path;
}

char *igvm_file_default(struct igvm_summary *out, GError **error)
{
    static const struct vm_config usual;
    return igvm_file_svsm(&usual, out, error);
}

static struct kernel_files hashed_files(const struct vm_config *c)
{
    struct kernel_files files = { c->kernel, c->initrd, c->append };
    return c->kernel_hashes ? files : (struct kernel_files){ NULL, NULL, NULL };
}

char *igvm_file_svsm(const struct vm_config *c, struct igvm_summary *out,
                     GError **error)
{
    enum artifact fw =
        c->kernel_hashes ? ARTIFACT_FIRMWARE_HASHES : ARTIFACT_FIRMWARE;
    g_autofree char *svsm = artifact_path(ARTIFACT_SVSM, error);
    g_autofree char *vtpm = svsm ? artifact_path(ARTIFACT_VTPM, error) : NULL;
    g_autofree char *firmware = vtpm ? artifact_path(fw, error) : NULL;
    if (!firmware) {
        return NULL;
    }
    struct igvm_build_options options = { .svsm = svsm,
                                          .vtpm = vtpm,
                                          .firmware = firmware,
                                          .kernel = hashed_files(c) };
    return make(&options, out, error);
}

/* ---- plain guests ---- */

char *igvm_file_plain(const struct vm_config *c, struct igvm_summary *out,
                      GError **error)
{
    struct igvm_build_options options = { .no_svsm = TRUE,
                                          .firmware = c->firmware,
                                          .kernel = hashed_files(c) };
    return make(&options, out, error);
}

gboolean igvm_file_plain_digest(const struct vm_config *c,
                                struct igvm_summary *out, GError **error)
{
    const struct kernel_files files = hashed_files(c);
    const struct plain_vcpus vcpus = { .count = c->cpus };
    struct evtpm_error err = { "" };
    struct launch_digest digest;
    struct plain_firmware fw;
    gboolean ok = plain_firmware_load(&fw, c->firmware, &files, &err) == 0 &&
                  plain_launch_digest(&fw, &vcpus, &digest, &err) == 0;
    if (ok) {
        set_digest(out, fw.image.size, &digest);
    }
    plain_firmware_clear(&fw);
    return ok || fail_lib(error, &err);
}

/* ---- differences ---- */

static gboolean find_boot_info(const struct igvm_file *file,
                               struct svsm_boot_info *info)
{
    struct igvm_iter it;
    struct igvm_header h;
    igvm_iter_init(&it, file, ~0u);
    while (igvm_next(&it, &h)) {
        if (h.type == IGVM_VHT_PAGE_DATA &&
            h.u.page.gpa == SVSM_BOOT_INFO_GPA && h.data &&
            h.data_size >= sizeof(*info)) {
            memcpy(info, h.data, sizeof(*info));
            return info->magic == SVSM_BOOT_MAGIC;
        }
    }
    return FALSE;
}

static const char *component(const struct svsm_boot_info *i, guint64 gpa)
{
    const struct {
        const char *name;
        guint64 base, size;
    } parts[] = {
        { "SVSM kernel", i->image_base, i->image_size },
        { "vTPM program", i->vtpm_base, i->vtpm_size },
        { "firmware (OVMF)", i->fw_base, i->fw_size },
        { "SVSM page tables", i->page_table_base, i->page_table_size },
    };
    for (size_t n = 0; n < G_N_ELEMENTS(parts); n++) {
        /* a component's last page belongs to it as a whole */
        guint64 end = (parts[n].base + parts[n].size + 0xfff) & ~0xfffull;
        if (parts[n].size && gpa >= parts[n].base && gpa < end) {
            return parts[n].name;
        }
    }
    return "boot parameters";
}

static gboolean same_bytes(const struct igvm_header *a,
                           const struct igvm_header *b)
{
    static const guint8 zero[4096];
    gsize n = MIN(MAX(a->data_size, b->data_size), sizeof(zero));
    const guint8 *x = a->data ? a->data : zero;
    const guint8 *y = b->data ? b->data : zero;
    return a->data_size == b->data_size && memcmp(x, y, n) == 0;
}

static gboolean next_of(struct igvm_iter *it, guint32 type,
                        struct igvm_header *h)
{
    while (igvm_next(it, h)) {
        if (h->type == type) {
            return TRUE;
        }
    }
    return FALSE;
}

static void compare(const struct igvm_file *a, const struct igvm_file *b,
                    const struct svsm_boot_info *info, GString *out)
{
    struct igvm_iter x, y;
    struct igvm_header p, q;
    const char *last = NULL;
    igvm_iter_init(&x, a, ~0u);
    igvm_iter_init(&y, b, ~0u);
    while (next_of(&x, IGVM_VHT_PAGE_DATA, &p)) {
        if (!next_of(&y, IGVM_VHT_PAGE_DATA, &q) ||
            p.u.page.gpa != q.u.page.gpa ||
            p.u.page.data_type != q.u.page.data_type) {
            g_string_append_printf(out, "%sthe layout of pages",
                                   out->len ? ", " : "");
            return;
        }
        const char *name = component(info, p.u.page.gpa);
        if (!same_bytes(&p, &q) && name != last) {
            g_string_append_printf(out, "%s%s (page 0x%" G_GINT64_MODIFIER "x)",
                                   out->len ? ", " : "", name, p.u.page.gpa);
            last = name;
        }
    }
    igvm_iter_init(&x, a, ~0u);
    igvm_iter_init(&y, b, ~0u);
    while (next_of(&x, IGVM_VHT_VP_CONTEXT, &p)) {
        if (!next_of(&y, IGVM_VHT_VP_CONTEXT, &q) || !same_bytes(&p, &q)) {
            g_string_append_printf(out, "%sthe start state of a vCPU",
                                   out->len ? ", " : "");
            return;
        }
    }
}

char *igvm_file_difference(const char *expected, const char *actual)
{
    struct evtpm_blob a = { 0 }, b = { 0 };
    struct igvm_file fa, fb;
    struct svsm_boot_info info;
    g_autoptr(GString) out = g_string_new(NULL);
    if (evtpm_file_read(expected, IGVM_BUILD_MAX, &a, NULL) == 0 &&
        evtpm_file_read(actual, IGVM_BUILD_MAX, &b, NULL) == 0 &&
        igvm_open(a.data, a.size, &fa, NULL) == 0 &&
        igvm_open(b.data, b.size, &fb, NULL) == 0 &&
        find_boot_info(&fa, &info)) {
        compare(&fa, &fb, &info, out);
    }
    evtpm_blob_clear(&a);
    evtpm_blob_clear(&b);
    return out->len ? g_strdup(out->str) : NULL;
}
