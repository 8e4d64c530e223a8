/* SPDX-License-Identifier: MIT */
/*
 * The member "boot.uki_files" of a policy: what is measured when firmware
 * starts a unified kernel image, all of it foretold from the file.
 *
 *   PCR 4   the image, then the kernel in it, by firmware
 *   PCR 9   command line and initrd, by the kernel's EFI stub
 *   PCR 11  name and contents of each section in use, by systemd's stub
 *   PCR 12, 13  command lines, credentials and extensions from elsewhere, by
 *           the same: none
 */
#include <gnutls/crypto.h>
#include <string.h>

#include "harness/policy_priv.h"
#include "lib/pe_digest.h"

#define PCR_SECTIONS 11
#define PCR_PARAMETERS 12
#define PCR_EXTENSIONS 13

static const struct evtpm_pe_section *
find_section(const struct evtpm_pe_section *sections, gsize count,
             const char *name)
{
    for (gsize i = 0; i < count; i++) {
        if (strcmp(sections[i].name, name) == 0) {
            return &sections[i];
        }
    }
    return NULL;
}

static void add_hash(GArray *to, const void *data, gsize size)
{
    guint8 digest[32];
    if (gnutls_hash_fast(GNUTLS_DIG_SHA256, data, size, digest) == 0) {
        g_array_append_vals(to, digest, 1);
    }
}

static void add_sections(struct policy_reader *r,
                         const struct evtpm_pe_section *sections, gsize count)
{
    for (gsize i = 0; i < count; i++) {
        const char *name = sections[i].name;
        add_hash(r->uki.sections, name, strlen(name) + 1);
        add_hash(r->uki.sections, sections[i].data, sections[i].size);
    }
}

static int add_command_line(struct policy_reader *r,
                            const struct evtpm_pe_section *section,
                            struct evtpm_error *err)
{
    guint8 digests[EVTPM_COMMAND_LINE_DIGESTS][32];
    g_autofree char *text =
        g_strndup((const char *)section->data, section->size);
    if (evtpm_command_line_digests(text, digests) < 0) {
        return evtpm_fail(err, ".cmdline is no command line: ASCII, up to 4096 "
                               "characters");
    }
    g_array_append_vals(r->uki.efi_stub, digests, EVTPM_COMMAND_LINE_DIGESTS);
    return 0;
}

/* The parts that make it one: without a command line of its own it would take
 * any. */
static int add_image(struct policy_reader *r, const struct evtpm_blob *file,
                     struct evtpm_error *err)
{
    struct evtpm_pe_section sections[EVTPM_PE_SECTIONS_MAX];
    const struct evtpm_pe_section *kernel, *initrd, *line;
    guint8 image[32], inner[32];
    gsize count;
    if (evtpm_pe_digest(file->data, file->size, image, err) < 0 ||
        evtpm_pe_sections(file->data, file->size, sections, &count, err) < 0) {
        return -1;
    }
    kernel = find_section(sections, count, ".linux");
    initrd = find_section(sections, count, ".initrd");
    line = find_section(sections, count, ".cmdline");
    if (!kernel || !initrd || !line) {
        return evtpm_fail(err, "no unified kernel image: it lacks .linux, "
                               ".initrd or .cmdline");
    }
    if (evtpm_pe_digest(kernel->data, kernel->size, inner, err) < 0) {
        return evtpm_fail_prefix(err, ".linux");
    }
    g_array_append_vals(r->uki.images, image, 1);
    g_array_append_vals(r->uki.programs, image, 1);
    g_array_append_vals(r->uki.programs, inner, 1);
    add_hash(r->uki.kernels, kernel->data, kernel->size);
    add_hash(r->uki.efi_stub, initrd->data, initrd->size);
    add_sections(r, sections, count);
    return add_command_line(r, line, err);
}

static gboolean read_uki(struct policy_reader *r, JsonNode *node,
                         GError **error)
{
    struct evtpm_error err = { "" };
    struct evtpm_blob file = { 0 };
    if (!policy_file(r, node, POLICY_BOOT_FILE_MAX, &file, error)) {
        return FALSE;
    }
    int rc = add_image(r, &file, &err);
    evtpm_blob_clear(&file);
    return rc == 0 || policy_fail(r, error, "%s: %s",
                                  json_node_get_string(node), err.text);
}

gboolean policy_read_uki_files(struct policy_reader *r, JsonNode *node,
                               GError **error)
{
    GArray *none = policy_new_digests(r);
    r->uki.images = policy_new_digests(r);
    r->uki.programs = policy_new_digests(r);
    r->uki.kernels = policy_new_digests(r);
    r->uki.sections = policy_new_digests(r);
    r->uki.efi_stub = policy_new_digests(r);
    if (!policy_read_list(r, node, read_uki, error)) {
        return FALSE;
    }
    const struct {
        enum evtpm_rule_kind kind;
        guint pcr;
        const GArray *digests;
    } rules[] = {
        { EVTPM_RULE_REQUIRE, POLICY_PCR_APPLICATIONS, r->uki.images },
        { EVTPM_RULE_ONLY, POLICY_PCR_APPLICATIONS, r->uki.programs },
        { EVTPM_RULE_ONLY, POLICY_PCR_LINUX, r->uki.efi_stub },
        { EVTPM_RULE_REQUIRE, PCR_SECTIONS, r->uki.kernels },
        { EVTPM_RULE_ONLY, PCR_SECTIONS, r->uki.sections },
        { EVTPM_RULE_ONLY, PCR_PARAMETERS, none },
        { EVTPM_RULE_ONLY, PCR_EXTENSIONS, none },
    };
    for (gsize i = 0; i < G_N_ELEMENTS(rules); i++) {
        policy_add_event_rule(r, rules[i].kind, rules[i].pcr, rules[i].digests);
    }
    return TRUE;
}
