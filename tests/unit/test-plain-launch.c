/* SPDX-License-Identifier: MIT */
/*
 * Plain SNP guests: digests that virtee's sev-snp-measure publishes in its tests/test_guest.py for
 * an OVMF whose own pages' digest and metadata stand below, and IGVM files of firmware alone.
 */
#include <glib.h>
#include <glib/gstdio.h>
#include <string.h>

#include "evtpm/igvm.h"
#include "lib/file.h"
#include "lib/igvm_build.h"
#include "lib/plain_launch.h"
#include "tests/unit/ovmf-sample.h"

#define PAGE 4096

static const char published_pages[] =
    "086e2e9149ebf45abdc3445fba5b2da8270bdbb04094d7a2"
    "c37faaa4b24af3aa16aff8c374c2a55c467a50da6d466b74";

static const struct published {
    const char *name;
    const char *kernel; /* and initrd */
    const char *append;
    uint32_t vcpus;
    uint64_t features;
    const char *digest;
} published[] = {
    { "no-kernel", NULL, NULL, 1, 0x1,
      "19358ba9a7615534a9a1e2f0dfc29384dcd4dcb7062ff9c6"
      "013b26869a5fc6ecabe033c48dd6f6db5d6d76e7c5df632d" },
    { "no-kernel-debug-swap", NULL, NULL, 1, 0x21,
      "e1e1ca029dd7973ab9513295be68198472dcd4fc834bd9af"
      "9b63f6e8a1674dbf281a9278a4a2ebe0eed9f22adbcd0e2b" },
    { "empty-append", "/dev/null", "", 1, 0x1,
      "ddc5224521617a536ee7ce9dd6224d1b58a8d4fda1c741f3"
      "ac99fc4bfa04ba6e9fc98646d4a07a9079397fa3852819b5" },
    { "append", "/dev/null", "console=ttyS0 loglevel=7", 1, 0x1,
      "6d287813eb5222d770f75005c664e34c204f385ce832cc2c"
      "e7d0d6f354454362f390ef83a92046c042e706363b4b08fa" },
    { "append-debug-swap", "/dev/null", "console=ttyS0 loglevel=7", 1, 0x21,
      "803f691094946e42068aaa3a8f9e26a5c89f36f7b73ecfb2"
      "8c653360fe4b3aba7e534442e7e1e17895dfe778d0228977" },
    { "4-vcpus", "/dev/null", "", 4, 0x1,
      "5061fffb019493a903613d56d54b94912a1a2f9e4502385f"
      "5c194616753720a92441310ba6c4933de877c36e23046ad5" },
    { "4-vcpus-debug-swap", "/dev/null", "", 4, 0x21,
      "4953b1fb416fa874980e8442b3706d345926d5f38879134e"
      "00813c5d7abcbe78eafe7b422907be0b4698e2414a631942" },
};

static void test_published(gconstpointer data)
{
    const struct published *p = data;
    const struct kernel_files files = { p->kernel, p->kernel, p->append };
    const struct plain_vcpus vcpus = { .count = p->vcpus,
                                       .sev_features = p->features };
    struct launch_digest digest;
    struct evtpm_error err = { "" };
    struct plain_firmware fw;
    char hex[97];

    ovmf_sample_firmware(&fw);
    g_assert_true(evtpm_unhex(digest.ld, 48, published_pages));
    if (p->kernel) {
        fw.hashes = true;
        g_assert_cmpint(kernel_hashes_page(&files, &fw.metadata,
                                           fw.hashes_page, &err),
                        ==, 0);
    }
    g_assert_cmpint(plain_launch_digest_rest(&fw, &vcpus, &digest, &err), ==,
                    0);
    g_assert_cmpstr(evtpm_hex(hex, sizeof(hex), digest.ld, 48), ==, p->digest);
}

/* Without a place for the table, or with a file that is not there, there is no page. */
static void test_hashes_refused(void)
{
    const struct kernel_files good = { "/dev/null", NULL, NULL };
    const struct kernel_files bad = { "/no-such-kernel", NULL, NULL };
    struct evtpm_error err = { "" };
    struct plain_firmware fw;
    uint8_t page[PAGE];

    ovmf_sample_firmware(&fw);
    g_assert_cmpint(kernel_hashes_page(&bad, &fw.metadata, page, &err), ==, -1);
    g_assert_cmpstr(err.text, ==, "/no-such-kernel: No such file or directory");
    fw.metadata.hashes_size = 175;
    g_assert_cmpint(kernel_hashes_page(&good, &fw.metadata, page, &err), ==,
                    -1);
    g_assert_cmpstr(err.text, ==, "the firmware has no place for kernel hashes");
    fw.metadata.hashes_size = 176;
    g_assert_cmpint(kernel_hashes_page(&good, &fw.metadata, page, &err), ==, 0);
    fw.metadata.hashes_base = 0x811000 - 175;
    g_assert_cmpint(kernel_hashes_page(&good, &fw.metadata, page, &err), ==,
                    -1);
    ovmf_sample_firmware(&fw);
    fw.metadata.range[5].type = OVMF_SEC_MEM;
    g_assert_cmpint(kernel_hashes_page(&good, &fw.metadata, page, &err), ==,
                    -1);
}

/* Further vCPUs need to be told where they start. */
static void test_no_reset_block(void)
{
    struct plain_vcpus vcpus = { .count = 2 };
    struct launch_digest digest = { { 0 } };
    struct evtpm_error err = { "" };
    struct plain_firmware fw;

    ovmf_sample_firmware(&fw);
    fw.metadata.ap_reset = 0;
    g_assert_cmpint(plain_launch_digest_rest(&fw, &vcpus, &digest, &err), ==,
                    -1);
    g_assert_nonnull(strstr(err.text, "further vCPUs"));
    vcpus.count = 1;
    g_assert_cmpint(plain_launch_digest_rest(&fw, &vcpus, &digest, &err), ==,
                    0);
}

static bool find_page(const struct igvm_file *file, uint64_t gpa,
                      struct igvm_header *h)
{
    struct igvm_iter it;

    igvm_iter_init(&it, file, ~0u);
    while (igvm_next(&it, h)) {
        if (h->type == IGVM_VHT_PAGE_DATA && h->u.page.gpa == gpa) {
            return true;
        }
    }
    return false;
}

static void check_vp(const struct igvm_file *file)
{
    struct igvm_header h = { 0 };
    struct igvm_iter it;
    struct vmsa vmsa;
    unsigned int count = 0;

    igvm_iter_init(&it, file, ~0u);
    while (igvm_next(&it, &h)) {
        if (h.type == IGVM_VHT_VP_CONTEXT) {
            count++;
            memset(&vmsa, 0, sizeof(vmsa));
            memcpy(&vmsa, h.data, h.data_size);
        }
    }
    g_assert_cmpuint(count, ==, 1);
    g_assert_cmphex(vmsa.cs.base + vmsa.rip, ==, 0xfffffff0);
    g_assert_cmphex(vmsa.vmpl, ==, 0);
    g_assert_cmphex(vmsa.sev_features, ==, SEV_FEATURE_SNP_ACTIVE);
    g_assert_cmphex(vmsa.rdx, ==, 0x800f12);
}

static void test_igvm(void)
{
    char *path = ovmf_sample_file();
    struct igvm_build_options options = { .no_svsm = true, .firmware = path };
    struct evtpm_error err = { "" };
    struct evtpm_blob blob = { 0 };
    struct igvm_file file;
    struct igvm_header h;

    if (igvm_build(&options, &blob, &err) < 0 ||
        igvm_open(blob.data, blob.size, &file, &err) < 0) {
        g_error("%s", err.text);
    }
    g_assert_true(find_page(&file, 0x100000000ull - PAGE, &h));
    g_assert_cmphex(h.data[0], ==, 0x5a);
    g_assert_true(find_page(&file, 0x808000, &h));
    g_assert_null(h.data);
    g_assert_cmpint(h.u.page.data_type, ==, IGVM_PAGE_TYPE_NORMAL);
    g_assert_false(find_page(&file, 0x809000, &h));
    g_assert_true(find_page(&file, 0x80d000, &h));
    g_assert_cmpint(h.u.page.data_type, ==, IGVM_PAGE_TYPE_SECRETS);
    g_assert_true(find_page(&file, 0x80e000, &h));
    g_assert_cmpint(h.u.page.data_type, ==, IGVM_PAGE_TYPE_CPUID_DATA);
    g_assert_true(find_page(&file, 0x810000, &h));
    g_assert_null(h.data);
    check_vp(&file);
    evtpm_blob_clear(&blob);

    options.kernel = (struct kernel_files){ "/dev/null", NULL, "quiet" };
    g_assert_cmpint(igvm_build(&options, &blob, &err), ==, 0);
    g_assert_cmpint(igvm_open(blob.data, blob.size, &file, &err), ==, 0);
    g_assert_true(find_page(&file, 0x810000, &h));
    g_assert_nonnull(h.data);
    g_assert_cmphex(h.data[0xbff], ==, 0);
    g_assert_cmphex(h.data[0xc00], ==, 0x06); /* of the table's GUID */
    g_assert_cmphex(h.data[0xc10], ==, 168);
    evtpm_blob_clear(&blob);
    ovmf_sample_remove(path);
}

static void test_igvm_refused(void)
{
    struct evtpm_error err = { "" };
    struct evtpm_blob blob = { 0 };
    struct igvm_build_options options = { .no_svsm = true,
                                          .svsm = "/dev/null",
                                          .firmware = "/dev/null" };

    g_assert_cmpint(igvm_build(&options, &blob, &err), ==, -1);
    g_assert_cmpstr(err.text, ==, "a file without SVSM is of firmware alone");
    options.svsm = NULL;
    options.firmware = NULL;
    g_assert_cmpint(igvm_build(&options, &blob, &err), ==, -1);
    options = (struct igvm_build_options){ .svsm = "/dev/null",
                                           .kernel.kernel = "/dev/null" };
    g_assert_cmpint(igvm_build(&options, &blob, &err), ==, -1);
    g_assert_cmpstr(err.text, ==,
                    "kernel hashes are for the firmware, which is left out");
    g_assert_null(blob.data);
}

/* The firmware's own pages come first: base, order and contents count. */
static void test_image_digest(void)
{
    char *path = ovmf_sample_file();
    const struct plain_vcpus vcpus = { .count = 1 };
    struct launch_digest whole, parts;
    struct evtpm_error err = { "" };
    struct plain_firmware fw;

    if (plain_firmware_load(&fw, path, NULL, &err) < 0) {
        g_error("%s", err.text);
    }
    launch_digest_init(&parts);
    for (unsigned int i = 0; i < OVMF_SAMPLE_PAGES; i++) {
        launch_digest_page(&parts, SNP_PAGE_TYPE_NORMAL,
                           0xffffd000 + i * PAGE, fw.image.data + i * PAGE,
                           &err);
    }
    g_assert_cmpint(plain_launch_digest_rest(&fw, &vcpus, &parts, &err), ==, 0);
    g_assert_cmpint(plain_launch_digest(&fw, &vcpus, &whole, &err), ==, 0);
    g_assert_cmpmem(whole.ld, 48, parts.ld, 48);
    g_assert_cmphex(fw.metadata.ap_reset, ==, 0x80b004);
    plain_firmware_clear(&fw);
    ovmf_sample_remove(path);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    for (size_t i = 0; i < G_N_ELEMENTS(published); i++) {
        g_autofree char *path = g_strdup_printf("/plain-launch/published/%s",
                                                published[i].name);

        g_test_add_data_func(path, &published[i], test_published);
    }
    g_test_add_func("/plain-launch/hashes-refused", test_hashes_refused);
    g_test_add_func("/plain-launch/no-reset-block", test_no_reset_block);
    g_test_add_func("/plain-launch/image-digest", test_image_digest);
    g_test_add_func("/plain-launch/igvm", test_igvm);
    g_test_add_func("/plain-launch/igvm-refused", test_igvm_refused);
    return g_test_run();
}
