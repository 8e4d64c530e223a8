/* SPDX-License-Identifier: MIT */
/* evtpm id-block: the guest's owner signs what may be launched. */
#include <json-glib/json-glib.h>
#include <stdio.h>
#include <string.h>

#include "harness/command.h"
#include "harness/id_files.h"
#include "harness/igvm_file.h"

struct options {
    char *igvm, *digest, *id_key, *author_key, *output;
    char *family, *image, *policy;
    int svn;
    gboolean make_keys, json;
};

static void options_clear(struct options *o)
{
    char **strings[] = { &o->igvm,   &o->digest, &o->id_key, &o->author_key,
                         &o->output, &o->family, &o->image,  &o->policy };
    for (size_t i = 0; i < G_N_ELEMENTS(strings); i++) {
        g_free(*strings[i]);
    }
}

static gboolean check(const struct options *o, GError **error)
{
    if (!o->igvm == !o->digest) {
        return fail(error, HARNESS_ERROR_USAGE,
                    "name what may be launched, by --igvm or by --digest");
    }
    if (!o->id_key || !o->output) {
        return fail(error, HARNESS_ERROR_USAGE, "--id-key and -o are needed");
    }
    return o->svn >= 0 ||
           fail(error, HARNESS_ERROR_USAGE, "--svn must not be negative");
}

/* "0x30000" or the policy in the file; without either, QEMU's default. */
static gboolean choose_policy(const struct options *o, guint64 *policy,
                              GError **error)
{
    char *end;
    *policy = SNP_POLICY_DEFAULT;
    if (o->policy) {
        *policy = g_ascii_strtoull(o->policy, &end, 0);
        return (end != o->policy && !*end) ||
               fail(error, HARNESS_ERROR_USAGE, "bad policy \"%s\": a number",
                    o->policy);
    }
    return !o->igvm || igvm_file_policy(o->igvm, policy, error);
}

static gboolean choose_digest(const struct options *o, guint8 digest[48],
                              GError **error)
{
    struct igvm_summary summary;
    if (o->digest) {
        return evtpm_unhex(digest, 48, o->digest) ||
               fail(error, HARNESS_ERROR_USAGE,
                    "bad launch digest \"%s\": 96 hex digits", o->digest);
    }
    if (!igvm_file_summary(o->igvm, &summary, error)) {
        return FALSE;
    }
    memcpy(digest, summary.digest, 48);
    return TRUE;
}

/* 32 hex digits, or text that fits 16 bytes. */
static gboolean choose_name(const char *text, guint8 name[16], GError **error)
{
    gsize length = text ? strlen(text) : 0;
    if (length == 32 && evtpm_unhex(name, 16, text)) {
        return TRUE;
    }
    if (length > 16) {
        return fail(error, HARNESS_ERROR_USAGE,
                    "bad name \"%s\": at most 16 bytes, or 32 hex digits",
                    text);
    }
    memset(name, 0, 16);
    memcpy(name, text ? text : "", length);
    return TRUE;
}

static gnutls_privkey_t get_key(const char *path, gboolean make, GError **error)
{
    struct evtpm_error err = { "" };
    gnutls_privkey_t key = NULL;
    if (!make || g_file_test(path, G_FILE_TEST_EXISTS) ||
        evtpm_id_key_create(path, &err) == 0) {
        key = evtpm_id_key_load(path, &err);
    }
    if (!key) {
        fail_lib(error, &err);
    }
    return key;
}

static gboolean sign(const struct options *o, struct evtpm_id *id,
                     GError **error)
{
    struct evtpm_error err = { "" };
    gnutls_privkey_t id_key = get_key(o->id_key, o->make_keys, error);
    gnutls_privkey_t author = id_key && o->author_key
                                  ? get_key(o->author_key, o->make_keys, error)
                                  : NULL;
    gboolean ok = id_key && (author || !o->author_key);
    if (ok && evtpm_id_sign(id, id_key, author, &err) < 0) {
        ok = fail_lib(error, &err);
    }
    if (id_key) {
        gnutls_privkey_deinit(id_key);
    }
    if (author) {
        gnutls_privkey_deinit(author);
    }
    return ok;
}

/* What reports will state, and what policies of relying parties list. */
static void print(const struct evtpm_id *id, gboolean json)
{
    guint8 key[48], author[48];
    char id_hex[97], author_hex[97] = "", digest[97];
    evtpm_hex(digest, sizeof(digest), id->block.ld, 48);
    evtpm_id_key_digest(&id->auth.id_key, key);
    evtpm_hex(id_hex, sizeof(id_hex), key, 48);
    if (evtpm_id_has_author(id)) {
        evtpm_id_key_digest(&id->auth.author_key, author);
        evtpm_hex(author_hex, sizeof(author_hex), author, 48);
    }
    if (!json) {
        printf("launch digest      %s\nID key digest      %s\n", digest,
               id_hex);
        if (*author_hex) {
            printf("author key digest  %s\n", author_hex);
        }
        return;
    }
    g_autoptr(JsonNode) node = json_node_new(JSON_NODE_OBJECT);
    JsonObject *o = json_object_new();
    json_object_set_string_member(o, "launch_digest", digest);
    json_object_set_string_member(o, "id_key_digest", id_hex);
    if (*author_hex) {
        json_object_set_string_member(o, "author_key_digest", author_hex);
    }
    json_node_take_object(node, o);
    g_autofree char *text = json_to_string(node, TRUE);
    puts(text);
}

static int run(const struct options *o, GError **error)
{
    struct evtpm_id id = { 0 };
    guint64 policy;
    if (!check(o, error) || !choose_policy(o, &policy, error) ||
        !choose_digest(o, id.block.ld, error) ||
        !choose_name(o->family, id.block.family_id, error) ||
        !choose_name(o->image, id.block.image_id, error)) {
        return -1;
    }
    id.block.guest_svn = (guint32)o->svn;
    id.block.policy = policy;
    if (!sign(o, &id, error) || !id_files_write(o->output, &id, error)) {
        return -1;
    }
    print(&id, o->json);
    return 0;
}

int cmd_id_block(int argc, char **argv, GError **error)
{
    struct options o = { 0 };
    const GOptionEntry entries[] = {
        { "output", 'o', 0, G_OPTION_ARG_FILENAME, &o.output,
          "write NAME.id-block and NAME.id-auth", "NAME" },
        { "igvm", 0, 0, G_OPTION_ARG_FILENAME, &o.igvm,
          "for the launch of this IGVM file", "F" },
        { "digest", 0, 0, G_OPTION_ARG_STRING, &o.digest,
          "for this launch digest", "HEX" },
        { "id-key", 0, 0, G_OPTION_ARG_FILENAME, &o.id_key,
          "private key that signs the block: PEM, P-384", "F" },
        { "author-key", 0, 0, G_OPTION_ARG_FILENAME, &o.author_key,
          "private key that signs the ID key", "F" },
        { "make-keys", 0, 0, G_OPTION_ARG_NONE, &o.make_keys,
          "make the keys whose files are not there", NULL },
        { "family-id", 0, 0, G_OPTION_ARG_STRING, &o.family,
          "name of the guest's family: 16 bytes, or 32 hex digits", "S" },
        { "image-id", 0, 0, G_OPTION_ARG_STRING, &o.image,
          "name of the image, likewise", "S" },
        { "svn", 0, 0, G_OPTION_ARG_INT, &o.svn,
          "security version of the guest (default: 0)", "N" },
        { "policy", 0, 0, G_OPTION_ARG_STRING, &o.policy,
          "guest policy (default: the file's, else 0x30000)", "N" },
        { "json", 0, 0, G_OPTION_ARG_NONE, &o.json, "digests as JSON", NULL },
        { NULL },
    };
    int status = -1;
    if (command_options(&argc, &argv, entries,
                        "id-block --igvm F|--digest HEX --id-key F -o NAME "
                        "[OPTIONS]",
                        "Signs the launch digest that a VM must have. "
                        "Firmware then launches nothing else, and reports "
                        "name the keys. Files are base64, as QEMU's "
                        "properties id-block and id-auth take it.",
                        0, 0, error) >= 0) {
        status = run(&o, error);
    }
    options_clear(&o);
    return status;
}
