/* SPDX-License-Identifier: MIT */
/*
 * Debian with systemd on an encrypted root: its key comes from evtpm serve
 * after attestation, what runs is measured by IMA, a disk is bound to PCRs for
 * the boot. A changed command line gets no key.
 *
 * needs: emulator, mmdebstrap, openssl
 */
#include <gio/gio.h>
#include <gnutls/crypto.h>
#include <string.h>
#include <sys/wait.h>

#include "harness/artifacts.h"
#include "harness/command.h"
#include "harness/tree.h"
#include "lib/file.h"
#include "lib/pe_digest.h"
#include "tests/e2e/e2e.h"
#include "tests/unit/serve-process.h"

#define MEMORY "768"
#define IMAGE_SECONDS 900 /* the first one fetches Debian's packages */
#define BOOT_FILE_MAX (64u << 20)

static char *image_dir; /* what images/debian-image made, for all scenarios */
static char *address;   /* "127.0.0.1:PORT", where the image expects serve */

static char *in_image(const char *name)
{
    return g_build_filename(image_dir, name, NULL);
}

static void run(const char *const *argv, double seconds)
{
    g_autoptr(GError) error = NULL;
    g_autofree char *err = NULL;
    int status = -1;
    process_run(argv, NULL, NULL, FALSE, NULL, NULL, &err, &status,
                deadline_in(seconds), &error);
    g_assert_no_error(error);
    g_test_message("%s: %s", argv[0], err ? err : "");
    g_assert_true(WIFEXITED(status));
    g_assert_cmpint(WEXITSTATUS(status), ==, 0);
}

/* A port that is free now: the image must know it before serve has it. */
static guint free_port(void)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(GSocketListener) listener = g_socket_listener_new();
    guint port = g_socket_listener_add_any_inet_port(listener, NULL, &error);
    g_assert_no_error(error);
    g_socket_listener_close(listener);
    return port;
}

static void make_image(void)
{
    if (image_dir) {
        return;
    }
    guint port = free_port();
    g_autofree char *script =
        g_test_build_filename(G_TEST_DIST, "images", "debian-image", NULL);
    g_autofree char *serve =
        g_strdup_printf("--serve=https://10.0.2.2:%u", port);
    g_autoptr(GError) error = NULL;
    g_autofree char *qemu = artifact_path(ARTIFACT_QEMU, &error);
    g_assert_no_error(error);
    g_autofree char *bin = g_path_get_dirname(qemu);
    g_autofree char *qemu_img = g_build_filename(bin, "qemu-img", NULL);
    g_setenv("EVTPM_QEMU_IMG", qemu_img, TRUE);
    g_autofree char *base = g_path_get_dirname(e2e_dir());
    image_dir = g_build_filename(base, "image", NULL);
    address = g_strdup_printf("127.0.0.1:%u", port);
    const char *argv[] = { script,           serve, "--guest-agent", image_dir,
                           "cryptsetup-bin", NULL };
    e2e_step("make the image");
    run(argv, IMAGE_SECONDS);
}

static struct vm_config *image_config(void)
{
    g_autofree char *disk = in_image("disk.img");
    const struct vm_options options = { .name = (char *)"t",
                                        .memory = (char *)MEMORY,
                                        .cpus = 1,
                                        .disk = disk,
                                        .network = (char *)"user" };
    g_autoptr(GError) error = NULL;
    struct vm_config *config = vm_options_config(&options, &error);
    g_assert_no_error(error);
    return config;
}

static void start_serve(struct serve_process *serve,
                        const struct vm_config *config)
{
    struct attest_policy policy = e2e_policy(config);
    g_autofree char *file = in_image("policy.json");
    g_autofree char *secrets = in_image("secrets");
    g_autofree char *cert = in_image("server.pem");
    g_autofree char *key = in_image("server-key.pem");
    g_autofree char *db = g_build_filename(e2e_dir(), "audit.db", NULL);
    const char *argv[] = { "--listen",  address,     "--cert",   cert,
                           "--key",     key,         "--policy", file,
                           "--root",    policy.root, "--igvm",   policy.igvm,
                           "--secrets", secrets,     "--db",     db,
                           NULL };
    serve_process_start(serve, argv);
}

static void assert_audit(const char *text)
{
    struct e2e_result r;
    e2e_evtpm(&r, "audit", "--db", "audit.db", NULL);
    g_test_message("%s", r.out);
    g_assert_cmpint(r.status, ==, 0);
    g_assert_nonnull(strstr(r.out, text));
    e2e_result_clear(&r);
}

static char *console(struct vm *vm)
{
    g_autofree char *path = g_build_filename(vm->dir.log, "console.log", NULL);
    char *text = NULL;
    gsize size = 0;
    g_assert_true(g_file_get_contents(path, &text, &size, NULL));
    for (gsize i = 0; i < size; i++) {
        text[i] = text[i] ? text[i] : ' ';
    }
    return text;
}

static void assert_guest(struct vm *vm, const char *command, const char *wanted)
{
    g_autofree char *seen = e2e_guest(vm, "%s", command);
    g_assert_cmpstr(seen, ==, wanted);
}

/* Debian's own word that all units are up, and what the root is on. */
static void assert_up(struct vm *vm)
{
    g_autofree char *text = console(vm);
    g_assert_nonnull(strstr(text, "evtpm: attested; the root is open"));
    assert_guest(vm,
                 "systemctl is-system-running --wait; "
                 "systemctl --failed --no-legend",
                 "running");
    assert_guest(vm, "cat /proc/1/comm; . /etc/os-release; echo $ID",
                 "systemd\ndebian");
    assert_guest(vm,
                 "awk '$2 == \"/\" { print $1, $3 }' /proc/mounts; "
                 "cut -c1-12 /sys/block/dm-0/dm/uuid; "
                 "ls /sys/block/dm-0/slaves",
                 "/dev/mapper/root ext4\nCRYPT-LUKS1-\nvda2");
}

static void extend(guint8 pcr[32], const void *data, gsize size)
{
    guint8 both[64];
    memcpy(both, pcr, 32);
    g_assert_cmpint(gnutls_hash_fast(GNUTLS_DIG_SHA256, data, size, both + 32),
                    ==, 0);
    g_assert_cmpint(gnutls_hash_fast(GNUTLS_DIG_SHA256, both, 64, pcr), ==, 0);
}

/* What systemd's stub leaves in PCR 11, foretold from the image: names and
 * contents in the order that systemd-stub(7) has. Debian 13's measures .sbat
 * last. */
static char *foretold(gboolean sbat)
{
    static const char *const names[] = { ".linux", ".osrel", ".cmdline",
                                         ".initrd", ".sbat" };
    struct evtpm_pe_section sections[EVTPM_PE_SECTIONS_MAX];
    g_autofree char *path = in_image("boot.efi");
    struct evtpm_blob file = { 0 };
    guint8 pcr[32] = { 0 };
    char *hex = g_malloc(65);
    gsize count;
    g_assert_cmpint(evtpm_file_read(path, BOOT_FILE_MAX, &file, NULL), ==, 0);
    g_assert_cmpint(
        evtpm_pe_sections(file.data, file.size, sections, &count, NULL), ==, 0);
    for (gsize n = 0; n < G_N_ELEMENTS(names) - !sbat; n++) {
        for (gsize i = 0; i < count; i++) {
            if (strcmp(sections[i].name, names[n]) == 0) {
                extend(pcr, names[n], strlen(names[n]) + 1);
                extend(pcr, sections[i].data, sections[i].size);
            }
        }
    }
    evtpm_blob_clear(&file);
    return evtpm_hex(hex, 65, pcr, 32);
}

static void assert_pcrs(struct vm *vm)
{
    g_autofree char *seen = e2e_guest(vm, "cd /sys/class/tpm/tpm0/pcr-sha256; "
                                          "cat 11 12 13 | tr A-F a-f");
    g_autofree char *old = foretold(FALSE);
    g_autofree char *new = foretold(TRUE);
    g_auto(GStrv) pcrs = g_strsplit(seen, "\n", -1);
    g_autofree char *zero = g_strnfill(64, '0');
    g_assert_cmpuint(g_strv_length(pcrs), ==, 3);
    g_assert_true(strcmp(pcrs[0], old) == 0 || strcmp(pcrs[0], new) == 0);
    g_assert_cmpstr(pcrs[1], ==, zero);
    g_assert_cmpstr(pcrs[2], ==, zero);
}

/* By the image's policy; the link that must fail, or EVTPM_LINK_COUNT. */
static char *judge(struct vm *vm, enum evtpm_link failed)
{
    g_autoptr(GError) error = NULL;
    g_autofree char *file = in_image("policy.json");
    struct attest_policy policy = e2e_policy(vm->config);
    struct attest a;
    policy.file = file;
    e2e_collect(vm, &a);
    attest_verify(&a, &policy, FALSE, &error);
    g_assert_no_error(error);
    enum evtpm_link looked_at =
        failed == EVTPM_LINK_COUNT ? EVTPM_LINK_IMA_FILES : failed;
    for (int i = 0; i < EVTPM_LINK_COUNT; i++) {
        g_test_message("%s: %s", evtpm_link_name((enum evtpm_link)i),
                       a.result.link[i].detail);
    }
    g_assert_cmpint(a.result.failed, ==, failed);
    char *detail = g_strdup(a.result.link[looked_at].detail);
    attest_clear(&a);
    return detail;
}

/* All that ran is on the list; what came since is not, and is named. */
static void assert_measured(struct vm *vm)
{
    g_autofree char *good = judge(vm, EVTPM_LINK_COUNT);
    assert_guest(vm,
                 "cp /usr/bin/true /usr/local/bin/mine && "
                 "printf x >>/usr/local/bin/mine && /usr/local/bin/mine && "
                 "echo ran",
                 "ran");
    g_autofree char *bad = judge(vm, EVTPM_LINK_IMA_FILES);
    g_assert_nonnull(strstr(bad, "/usr/local/bin/mine ("));
    g_assert_nonnull(strstr(bad, "is not on the allow-list"));
}

#define TOKEN_ONLY                                                             \
    "cryptsetup open --batch-mode --test-passphrase --token-only data "

/* systemd's way to bind a disk to a TPM: here to the PCRs of this boot. */
static void enroll(struct vm *vm)
{
    assert_guest(
        vm,
        "cd /var/lib && truncate -s 20M data && printf passphrase >pass && "
        "cryptsetup luksFormat -q --type luks2 --pbkdf pbkdf2 "
        "--pbkdf-force-iterations 1000 data pass && "
        "PASSWORD=passphrase systemd-cryptenroll --tpm2-device=/dev/tpmrm0 "
        "--tpm2-pcrs=4+11 data >/dev/null && " TOKEN_ONLY "&& echo opens",
        "opens");
}

/* The TPM that sealed it is gone; the passphrase still opens. */
static void assert_bound_to_boot(struct vm *vm)
{
    assert_guest(vm,
                 "cd /var/lib && cryptsetup open -q --test-passphrase "
                 "--key-file pass data && echo passphrase; " TOKEN_ONLY
                 "2>/dev/null || echo refused",
                 "passphrase\nrefused");
}

/* Written to the root, where the guest finds it; what the disk has of it is for
 * the host to find. */
static char *plant(struct vm *vm)
{
    char *canary = g_uuid_string_random();
    g_autofree char *seen =
        e2e_guest(vm,
                  "echo %.18s%s >/var/lib/canary; sync; "
                  "echo 3 >/proc/sys/vm/drop_caches; "
                  "grep -a -c \"$(cat /var/lib/canary)\" /dev/mapper/root",
                  canary, canary + 18);
    g_assert_cmpstr(seen, !=, "0");
    return canary;
}

static gboolean disk_has(const char *text)
{
    g_autofree char *path = in_image("disk.img");
    g_autoptr(GMappedFile) file = g_mapped_file_new(path, FALSE, NULL);
    g_assert_nonnull(file);
    return memmem(g_mapped_file_get_contents(file),
                  g_mapped_file_get_length(file), text, strlen(text)) != NULL;
}

static void test_unlock(void)
{
    g_autoptr(GError) error = NULL;
    struct serve_process serve;
    make_image();
    struct vm_config *config = image_config();
    start_serve(&serve, config);
    struct vm *vm = e2e_boot(config);
    assert_up(vm);
    assert_pcrs(vm);
    enroll(vm);
    g_autofree char *canary = plant(vm);
    assert_measured(vm);

    e2e_reboot(vm);
    assert_up(vm);
    assert_bound_to_boot(vm);
    vm_stop(vm, E2E_SECONDS, &error);
    g_assert_no_error(error);
    /* found: what nobody encrypted */
    g_assert_true(disk_has("evtpm.secret=disk"));
    g_assert_false(disk_has(canary));
    g_assert_false(disk_has("/var/lib/dpkg/status"));
    serve_process_stop(&serve);
    assert_audit("2 ");
    assert_audit(" released - disk 127.0.0.1:");
    e2e_vm_end(vm);
    vm_config_free(config);
}

/* The host edits the command line on the disk, as it can. */
static void edit_disk(const char *from, const char *to)
{
    g_autoptr(GError) error = NULL;
    g_autofree char *path = in_image("disk.img");
    g_autoptr(GMappedFile) file = g_mapped_file_new(path, TRUE, &error);
    g_assert_no_error(error);
    char *data = g_mapped_file_get_contents(file);
    char *at = memmem(data, g_mapped_file_get_length(file), from, strlen(from));
    g_assert_nonnull(at);
    goffset offset = at - data;
    g_autoptr(GFile) disk = g_file_new_for_path(path);
    g_autoptr(GFileIOStream) stream = g_file_open_readwrite(disk, NULL, &error);
    g_assert_no_error(error);
    GOutputStream *out = g_io_stream_get_output_stream(G_IO_STREAM(stream));
    g_assert_true(
        g_seekable_seek(G_SEEKABLE(out), offset, G_SEEK_SET, NULL, &error));
    g_assert_true(
        g_output_stream_write_all(out, to, strlen(to), NULL, NULL, &error));
}

static void test_changed(void)
{
    g_autoptr(GError) error = NULL;
    struct serve_process serve;
    enum vm_end end = VM_END_RUNNING;
    make_image();
    struct vm_config *config = image_config();
    edit_disk("quiet panic=-1", "debug panic=-1");
    start_serve(&serve, config);
    struct vm *vm = e2e_start(config);
    vm_wait_end(vm, deadline_in(E2E_SECONDS), &end, &error);
    e2e_check(vm, error);
    g_autofree char *text = console(vm);
    g_test_message("%s", text);
    g_assert_cmpint(end, ==, VM_END_SHUTDOWN);
    g_assert_nonnull(strstr(text, "evtpm: the root stays locked: the relying "
                                  "party: refused event-rules: "
                                  "boot.uki_files: event "));
    g_assert_null(strstr(text, "the root is open"));
    g_assert_null(strstr(text, "systemd["));
    g_assert_null(strstr(text, "Debian is up"));
    serve_process_stop(&serve);
    assert_audit(" refused event-rules - 127.0.0.1:");
    e2e_vm_end(vm);
    vm_config_free(config);
}

static const struct e2e_scenario scenarios[] = {
    { "/e2e/debian/root-is-unlocked", test_unlock, E2E_EMULATED, 1024 },
    { "/e2e/debian/changed-command-line-gets-no-key", test_changed,
      E2E_EMULATED, 1024 },
};

int main(int argc, char **argv)
{
    int status = e2e_main(argc, argv, E2E_TABLE(scenarios));
    g_free(image_dir);
    g_free(address);
    return status;
}
