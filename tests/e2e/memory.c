/* SPDX-License-Identifier: MIT */
/* Searching what the host can see. */
#include "tests/e2e/memory.h"

#include <string.h>

#include "harness/backend.h"
#include "lib/blob.h"

void secret_make(struct secret *s, const char *what)
{
    s->seed =
        g_strdup_printf("%s-%08x%08x", what, g_random_int(), g_random_int());
    s->hex = g_compute_checksum_for_string(G_CHECKSUM_SHA256, s->seed, -1);
    g_assert_true(evtpm_unhex(s->bytes, SECRET_SIZE, s->hex));
}

void secret_clear(struct secret *s)
{
    g_clear_pointer(&s->seed, g_free);
    g_clear_pointer(&s->hex, g_free);
}

void secret_store(struct vm *vm, const struct secret *s, const char *index)
{
    g_autoptr(GHashTable) t =
        e2e_tpm(vm,
                "printf %s | sha256sum | cut -d' ' -f1 | xxd -r -p >secret\n"
                "tpm2_nvdefine -Q -C o -s 32 %s\n"
                "tpm2_nvwrite -Q -C o -i secret %s\n"
                "rm secret; tpm2_nvread -C o -s 32 %s | sha256sum >sum\n"
                "echo sum $(cut -d' ' -f1 sum)\n",
                s->seed, index, index, index);
    g_autofree char *sum =
        g_compute_checksum_for_data(G_CHECKSUM_SHA256, s->bytes, SECRET_SIZE);
    g_assert_cmpstr(guest_tpm_get(t, "sum"), ==, sum);
}

JsonArray *memory_search(struct vm *vm, const char *space, const void *bytes,
                         gsize size, GError **error)
{
    g_autofree char *pattern = g_base64_encode(bytes, size);
    JsonObject *arguments = json_object_new();
    json_object_set_string_member(arguments, "space", space);
    json_object_set_string_member(arguments, "pattern", pattern);
    g_autoptr(JsonNode) node =
        qmp_call(&vm->qmp, "x-query-snp-search", arguments,
                 deadline_in(E2E_SECONDS), error);
    return node ? json_array_ref(json_object_get_array_member(
                      json_node_get_object(node), "gpas"))
                : NULL;
}

unsigned memory_hits(struct vm *vm, const char *space, const void *bytes,
                     gsize size, guint64 from, guint64 to)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(JsonArray) gpas = memory_search(vm, space, bytes, size, &error);
    unsigned count = 0;
    e2e_check(vm, error);
    for (guint i = 0; i < json_array_get_length(gpas); i++) {
        guint64 gpa = (guint64)json_array_get_int_element(gpas, i);
        count += gpa >= from && gpa < to;
    }
    return count;
}

static gboolean file_holds(const char *path, const void *bytes, gsize size)
{
    g_autofree char *data = NULL;
    gsize length;
    return g_file_test(path, G_FILE_TEST_IS_REGULAR) &&
           g_file_get_contents(path, &data, &length, NULL) &&
           memmem(data, length, bytes, size);
}

/* In how many files of a directory; what they link to counts (/proc/PID/fd). */
static unsigned dir_holds(const char *path, const void *bytes, gsize size,
                          unsigned *files)
{
    g_autoptr(GDir) dir = g_dir_open(path, 0, NULL);
    unsigned count = 0;
    const char *name;
    g_assert_nonnull(dir);
    while ((name = g_dir_read_name(dir))) {
        g_autofree char *file = g_build_filename(path, name, NULL);
        *files += g_file_test(file, G_FILE_TEST_IS_REGULAR);
        count += file_holds(file, bytes, size);
    }
    return count;
}

unsigned files_hold(struct vm *vm, const void *bytes, gsize size)
{
    g_autofree char *open = g_strdup_printf("/proc/%d/fd", e2e_vm_pid(vm));
    /* by libvirt it lies elsewhere, and this is a copy */
    g_autofree char *log = vm->backend->qemu_log(vm);
    unsigned files = 0;
    unsigned count = dir_holds(vm->dir.log, bytes, size, &files) +
                     dir_holds(open, bytes, size, &files);
    if (vm->dir.path) { /* libvirt keeps the records */
        count += dir_holds(vm->dir.path, bytes, size, &files);
    }
    g_assert_cmpuint(files, >, 3);
    return count;
}

unsigned tree_holds(const char *path, const void *bytes, gsize size)
{
    if (g_file_test(path, G_FILE_TEST_IS_SYMLINK)) {
        return 0;
    }
    g_autoptr(GDir) dir = g_dir_open(path, 0, NULL);
    unsigned count = 0;
    const char *name;
    if (!dir) {
        return file_holds(path, bytes, size);
    }
    while ((name = g_dir_read_name(dir))) {
        g_autofree char *below = g_build_filename(path, name, NULL);
        count += tree_holds(below, bytes, size);
    }
    return count;
}
