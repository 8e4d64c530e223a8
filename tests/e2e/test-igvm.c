/* SPDX-License-Identifier: MIT */
/*
 * Tampering with the IGVM file: one flipped byte in SVSM, vTPM or firmware
 * still launches, but the launch digest differs and attestation names the
 * component. Damaged files do not launch.
 */
#include <string.h>

#include "harness/artifacts.h"
#include "harness/tree.h"
#include "lib/file.h"
#include "tests/e2e/e2e.h"

static void read_igvm(const char *path, struct evtpm_blob *blob)
{
    struct evtpm_error err = { "" };
    if (evtpm_file_read(path, 64 << 20, blob, &err) < 0) {
        g_test_message("%s", err.text);
        g_assert_not_reached();
    }
}

static char *write_igvm(const void *data, gsize size)
{
    g_autoptr(GError) error = NULL;
    char *path = g_build_filename(e2e_dir(), "tampered.igvm", NULL);
    tree_write(path, data, (gssize)size, &error);
    g_assert_no_error(error);
    return path;
}

/* The last byte of `text` in the file; texts that nothing depends on, so that
 * the VM still boots. */
static gsize find_text(const struct evtpm_blob *blob, const char *text)
{
    const guint8 *at = memmem(blob->data, blob->size, text, strlen(text));
    g_assert_nonnull(at);
    return (gsize)(at - blob->data) + strlen(text) - 1;
}

/* A byte of the padding between two files of the firmware volume: 0xff in any
 * image. */
static gsize find_padding(const struct evtpm_blob *file,
                          const struct evtpm_blob *firmware)
{
    static const guint8 ff[256] = { [0 ... 255] = 0xff };
    const guint8 *end = firmware->data + firmware->size;
    /* behind the variable store, whose erased flash OVMF writes to */
    const guint8 *at = memmem(firmware->data + 0x84000,
                              firmware->size - 0x84000, ff, sizeof(ff));
    g_assert_nonnull(at);
    /* the same page in the file, found by what stands before the padding */
    const guint8 *page =
        firmware->data + ((gsize)(at - firmware->data) & ~(gsize)0xfff);
    g_assert_true(page + 0x1000 <= end);
    const guint8 *there = memmem(file->data, file->size, page, 0x1000);
    g_assert_nonnull(there);
    return (gsize)(there - file->data) + (gsize)(at - page) + 128;
}

/* Boots a copy with one bit flipped at `offset`; its attestation must name
 * `component`. */
static void attest_tampered(struct evtpm_blob *blob, gsize offset,
                            const char *component)
{
    g_autoptr(GError) error = NULL;
    struct vm_config *c = e2e_config();
    struct attest_policy policy = e2e_policy(c);
    struct attest a;
    blob->data[offset] ^= 1;
    g_free(c->igvm);
    c->igvm = write_igvm(blob->data, blob->size);
    struct vm *vm = e2e_boot(c);
    e2e_collect(vm, &a);
    attest_verify(&a, &policy, FALSE, &error);
    g_assert_no_error(error);
    g_assert_cmpint(a.result.failed, ==, EVTPM_LINK_LAUNCH_DIGEST);
    g_autofree char *text = attest_failure(&a, &policy, c->igvm);
    g_test_message("%s", text);
    g_assert_nonnull(strstr(text, component));
    /* control: whoever expects the tampered file gets what he expects */
    policy.igvm = c->igvm;
    attest_verify(&a, &policy, FALSE, &error);
    g_assert_cmpint(a.result.failed, ==, EVTPM_LINK_COUNT);
    attest_clear(&a);
    e2e_vm_end(vm);
    vm_config_free(c);
}

static void flip_text(const char *text, const char *component)
{
    struct evtpm_blob blob = { 0 };
    struct vm_config *c = e2e_config();
    read_igvm(c->igvm, &blob);
    attest_tampered(&blob, find_text(&blob, text), component);
    evtpm_blob_clear(&blob);
    vm_config_free(c);
}

static void test_svsm(void)
{
    flip_text("evtpm SVSM at VMPL", "SVSM kernel");
}

static void test_vtpm(void)
{
    /* a message of OpenSSL's that nothing prints */
    flip_text("X509v3 CRL Number", "vTPM program");
}

static void test_firmware(void)
{
    struct evtpm_blob blob = { 0 }, firmware = { 0 };
    struct vm_config *c = e2e_config();
    g_autofree char *path = artifact_path(ARTIFACT_FIRMWARE, NULL);
    read_igvm(c->igvm, &blob);
    read_igvm(path, &firmware);
    attest_tampered(&blob, find_padding(&blob, &firmware), "firmware (OVMF)");
    evtpm_blob_clear(&blob);
    evtpm_blob_clear(&firmware);
    vm_config_free(c);
}

/* The command itself: the stages before attestation pass, that one names it. */
static void test_run(void)
{
    struct evtpm_blob blob = { 0 };
    struct vm_config *c = e2e_config();
    struct e2e_result r;
    read_igvm(c->igvm, &blob);
    blob.data[find_text(&blob, "X509v3 CRL Number")] ^= 1;
    g_autofree char *path = write_igvm(blob.data, blob.size);
    e2e_evtpm(&r, "run", "--igvm", path, NULL);
    g_assert_cmpint(r.status, ==, 1);
    g_assert_nonnull(strstr(r.out, "ok    TPM work in the guest"));
    g_assert_nonnull(strstr(r.out, "FAIL  attestation from outside"));
    g_assert_null(strstr(r.out, "stages passed"));
    g_assert_nonnull(strstr(r.err, "launch-digest"));
    g_assert_nonnull(strstr(r.err, "differs in vTPM program"));
    e2e_result_clear(&r);
    e2e_assert_no_vms();
    evtpm_blob_clear(&blob);
    vm_config_free(c);
}

static void refuse(const void *data, gsize size, const char *text)
{
    struct e2e_result r;
    g_autofree char *path = write_igvm(data, size);
    e2e_evtpm(&r, "launch", "--igvm", path, "--exec", "true", NULL);
    e2e_assert_refused(&r, 1, text);
    e2e_result_clear(&r);
    e2e_evtpm(&r, "igvm", "measure", path, NULL);
    e2e_assert_refused(&r, 1, text);
    e2e_result_clear(&r);
}

static void test_damaged(void)
{
    struct evtpm_blob blob = { 0 };
    struct vm_config *c = e2e_config();
    read_igvm(c->igvm, &blob);
    refuse(blob.data, blob.size / 2, "tampered.igvm: ");
    refuse(blob.data, 20, "tampered.igvm: ");
    refuse(blob.data, 0, "tampered.igvm: ");
    blob.data[40] ^= 1;
    refuse(blob.data, blob.size, "checksum");
    blob.data[40] ^= 1;
    blob.data[0x40] ^= 0x10;
    refuse(blob.data, blob.size, "tampered.igvm: ");
    refuse("hello", 5, "tampered.igvm: ");
    evtpm_blob_clear(&blob);
    vm_config_free(c);
}

static const struct e2e_scenario scenarios[] = {
    { "/e2e/igvm/flipped-in-svsm", test_svsm, 0, 512 },
    { "/e2e/igvm/flipped-in-vtpm", test_vtpm, 0, 512 },
    { "/e2e/igvm/flipped-in-firmware", test_firmware, 0, 512 },
    { "/e2e/igvm/run-names-it", test_run, 0, 512 },
    { "/e2e/igvm/damaged", test_damaged, 0, 0 },
};

int main(int argc, char **argv)
{
    return e2e_main(argc, argv, E2E_TABLE(scenarios));
}
