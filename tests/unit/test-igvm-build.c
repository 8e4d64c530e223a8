/* SPDX-License-Identifier: MIT */
/* Builder: where everything lies, what the page tables say, and which inputs are refused. */
#include <elf.h>
#include <glib.h>
#include <glib/gstdio.h>
#include <string.h>

#include "evtpm/igvm.h"
#include "evtpm/svsm_boot.h"
#include "evtpm/vmsa.h"
#include "lib/file.h"
#include "lib/id_block.h"
#include "lib/igvm.h"
#include "lib/igvm_build.h"
#include "lib/launch_digest.h"
#include "tests/unit/ovmf-sample.h"

#define PAGE 4096
#define TEXT 0
#define DATA 1
#define VTPM_SIZE 5000

/* A program of two segments: a page of code and data with 2 pages of zeros behind. */
struct program {
    Elf64_Ehdr eh;
    Elf64_Phdr ph[2];
    uint8_t code[16];
    uint8_t data[16];
};

static void make_program(struct program *p)
{
    memset(p, 0, sizeof(*p));
    memcpy(p->eh.e_ident, ELFMAG, SELFMAG);
    p->eh.e_ident[EI_CLASS] = ELFCLASS64;
    p->eh.e_ident[EI_DATA] = ELFDATA2LSB;
    p->eh.e_type = ET_EXEC;
    p->eh.e_machine = EM_X86_64;
    p->eh.e_entry = SVSM_IMAGE_GPA + 4;
    p->eh.e_phoff = offsetof(struct program, ph);
    p->eh.e_phentsize = sizeof(Elf64_Phdr);
    p->eh.e_phnum = 2;
    p->ph[TEXT] = (Elf64_Phdr){ .p_type = PT_LOAD, .p_flags = PF_R | PF_X,
                                .p_offset = offsetof(struct program, code),
                                .p_vaddr = SVSM_IMAGE_GPA,
                                .p_filesz = 16, .p_memsz = 16 };
    p->ph[DATA] = (Elf64_Phdr){ .p_type = PT_LOAD, .p_flags = PF_R | PF_W,
                                .p_offset = offsetof(struct program, data),
                                .p_vaddr = SVSM_IMAGE_GPA + 2 * PAGE,
                                .p_filesz = 16, .p_memsz = 3 * PAGE };
    memset(p->code, 0x90, sizeof(p->code));
    memset(p->data, 0x44, sizeof(p->data));
}

struct fixture {
    char *dir, *svsm, *vtpm, *out;
    struct program program;
    struct igvm_build_options options;
};

static void write_file(const char *path, const void *data, size_t size)
{
    struct evtpm_error err = { "" };

    if (evtpm_file_write(path, data, size, 0600, &err) < 0) {
        g_error("%s", err.text);
    }
}

static void set_up(struct fixture *f, gconstpointer data)
{
    uint8_t vtpm[VTPM_SIZE] = { 0 };

    (void)data;
    f->dir = g_dir_make_tmp("test-igvm-build-XXXXXX", NULL);
    f->svsm = g_build_filename(f->dir, "svsm.elf", NULL);
    f->vtpm = g_build_filename(f->dir, "vtpm", NULL);
    f->out = g_build_filename(f->dir, "out.igvm", NULL);
    make_program(&f->program);
    write_file(f->svsm, &f->program, sizeof(f->program));
    memcpy(vtpm, &f->program, sizeof(f->program));
    vtpm[VTPM_SIZE - 1] = 0x77;
    write_file(f->vtpm, vtpm, sizeof(vtpm));
    f->options = (struct igvm_build_options){ .svsm = f->svsm,
                                              .vtpm = f->vtpm };
}

static void tear_down(struct fixture *f, gconstpointer data)
{
    (void)data;
    g_unlink(f->svsm);
    g_unlink(f->vtpm);
    g_unlink(f->out);
    g_assert_cmpint(g_rmdir(f->dir), ==, 0); /* nothing else is left there */
    g_free(f->dir);
    g_free(f->svsm);
    g_free(f->vtpm);
    g_free(f->out);
}

static void build(struct fixture *f, struct evtpm_blob *blob,
                  struct igvm_file *file)
{
    struct evtpm_error err = { "" };

    if (igvm_build(&f->options, blob, &err) < 0 ||
        igvm_open(blob->data, blob->size, file, &err) < 0) {
        g_error("%s", err.text);
    }
}

/* The launched page at `gpa`; false when the file has none. */
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

static struct svsm_boot_info boot_info(const struct igvm_file *file)
{
    struct svsm_boot_info info;
    struct igvm_header h;

    g_assert_true(find_page(file, SVSM_BOOT_INFO_GPA, &h));
    g_assert_nonnull(h.data);
    memcpy(&info, h.data, sizeof(info));
    return info;
}

static void test_layout(struct fixture *f, gconstpointer data)
{
    struct evtpm_blob blob = { 0 };
    struct svsm_boot_info info;
    struct igvm_file file;
    struct igvm_header h;

    (void)data;
    build(f, &blob, &file);
    info = boot_info(&file);
    g_assert_cmphex(info.magic, ==, SVSM_BOOT_MAGIC);
    g_assert_cmphex(info.image_base, ==, SVSM_IMAGE_GPA);
    g_assert_cmphex(info.image_size, ==, 5 * PAGE);
    g_assert_cmphex(info.vtpm_base, ==, SVSM_IMAGE_GPA + 5 * PAGE);
    g_assert_cmphex(info.vtpm_size, ==, VTPM_SIZE);
    g_assert_cmphex(info.page_table_base, ==, info.vtpm_base + 2 * PAGE);
    g_assert_cmphex(info.heap_base, ==,
                    info.page_table_base + info.page_table_size);
    g_assert_cmphex(info.heap_base + info.heap_size, ==,
                    SVSM_BASE + SVSM_REGION_SIZE);
    g_assert_cmphex(info.policy, ==, SNP_POLICY_DEFAULT);
    g_assert_cmpuint(info.guest_vmpl, ==, 2);
    g_assert_cmphex(info.fw_size, ==, 0);

    g_assert_true(find_page(&file, SVSM_IMAGE_GPA, &h));
    g_assert_cmpmem(h.data, 16, f->program.code, 16);
    g_assert_false(find_page(&file, SVSM_IMAGE_GPA + PAGE, &h));
    g_assert_true(find_page(&file, SVSM_IMAGE_GPA + 2 * PAGE, &h));
    g_assert_cmpmem(h.data, 16, f->program.data, 16);
    g_assert_true(find_page(&file, SVSM_IMAGE_GPA + 4 * PAGE, &h));
    g_assert_null(h.data);
    g_assert_true(find_page(&file, info.vtpm_base + PAGE, &h));
    g_assert_cmphex(h.data[VTPM_SIZE - PAGE - 1], ==, 0x77);
    g_assert_false(find_page(&file, SVSM_GHCB_GPA, &h));
    g_assert_false(find_page(&file, info.heap_base, &h));
    g_assert_true(find_page(&file, SVSM_SECRETS_GPA, &h));
    g_assert_cmpuint(h.u.page.data_type, ==, IGVM_PAGE_TYPE_SECRETS);
    g_assert_true(find_page(&file, SVSM_CPUID_GPA, &h));
    g_assert_cmpuint(h.u.page.data_type, ==, IGVM_PAGE_TYPE_CPUID_DATA);
    evtpm_blob_clear(&blob);
}

/* As the MMU does it, through the launched pages; 0: not mapped. */
static uint64_t walk(const struct igvm_file *file, uint64_t cr3, uint64_t va)
{
    uint64_t entry = cr3;

    for (int shift = 39; shift >= 12; shift -= 9) {
        struct igvm_header h;

        g_assert_cmphex(entry & SNP_CBIT, ==, SNP_CBIT);
        g_assert_true(find_page(file, entry & 0x0007fffffffff000ull, &h));
        if (!h.data) {
            return 0;
        }
        memcpy(&entry, h.data + ((va >> shift) & 511) * 8, 8);
        if (!(entry & 1)) {
            return 0;
        }
    }
    return entry;
}

#define P_RO 0x8008000000000021ull /* present, accessed, C, NX */
#define P_RW 0x8008000000000063ull
#define P_RX 0x0008000000000021ull
#define P_SHARED 0x8000000000000063ull

static void test_page_tables(struct fixture *f, gconstpointer data)
{
    struct evtpm_blob blob = { 0 };
    struct svsm_boot_info info;
    struct igvm_file file;
    uint64_t cr3;

    (void)data;
    build(f, &blob, &file);
    info = boot_info(&file);
    cr3 = info.page_table_base | SNP_CBIT;
    const struct {
        uint64_t va, flags;
    } rows[] = {
        { SVSM_BOOT_INFO_GPA, P_RO },
        { SVSM_CPUID_GPA, P_RO },
        { SVSM_SECRETS_GPA, P_RW },
        { SVSM_MEMORY_MAP_GPA, P_RO },
        { SVSM_GENERAL_PARAMS_GPA, P_RO },
        { SVSM_GHCB_GPA, P_SHARED },
        { SVSM_IMAGE_GPA, P_RX },
        { SVSM_IMAGE_GPA + 2 * PAGE, P_RW },
        { info.vtpm_base, P_RO },
        { info.page_table_base, P_RW },
        { info.heap_base, P_RW },
        { SVSM_BASE + SVSM_REGION_SIZE - PAGE, P_RW },
    };
    for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
        g_assert_cmphex(walk(&file, cr3, rows[i].va), ==,
                        rows[i].va | rows[i].flags);
    }
    g_assert_cmphex(walk(&file, cr3, SVSM_GHCB_GPA + PAGE), ==, 0);
    g_assert_cmphex(walk(&file, cr3, SVSM_IMAGE_GPA - PAGE), ==, 0);
    g_assert_cmphex(walk(&file, cr3, SVSM_IMAGE_GPA + PAGE), ==, 0);
    g_assert_cmphex(walk(&file, cr3, SVSM_BASE + SVSM_REGION_SIZE), ==, 0);
    g_assert_cmphex(walk(&file, cr3, 0), ==, 0);
    evtpm_blob_clear(&blob);
}

/* The VP context comes last and is the documented start state. */
static void test_vmsa(struct fixture *f, gconstpointer data)
{
    struct evtpm_blob blob = { 0 };
    struct svsm_boot_info info;
    struct igvm_file file;
    struct igvm_header h, last = { 0 };
    struct igvm_iter it;
    struct vmsa vmsa;

    (void)data;
    build(f, &blob, &file);
    info = boot_info(&file);
    igvm_iter_init(&it, &file, ~0u);
    while (igvm_next(&it, &h)) {
        last = h;
    }
    g_assert_cmphex(last.type, ==, IGVM_VHT_VP_CONTEXT);
    g_assert_cmphex(last.u.vp.gpa, ==, SNP_INITIAL_VMSA_GPA);
    memcpy(&vmsa, last.data, sizeof(vmsa));
    g_assert_cmphex(vmsa.rip, ==, SVSM_IMAGE_GPA + 4);
    g_assert_cmphex(vmsa.rdi, ==, SVSM_BOOT_INFO_GPA);
    g_assert_cmphex(vmsa.rsp, ==, 0);
    g_assert_cmphex(vmsa.cr3, ==, info.page_table_base | SNP_CBIT);
    g_assert_cmphex(vmsa.cr0, ==, 0x80010031);
    g_assert_cmphex(vmsa.cr4, ==, 0x660);
    g_assert_cmphex(vmsa.efer, ==, 0x1d00);
    g_assert_cmphex(vmsa.sev_features, ==, SEV_FEATURE_SNP_ACTIVE);
    g_assert_cmphex(vmsa.cs.attrib, ==, 0xa9b);
    g_assert_cmphex(vmsa.idtr.limit, ==, 0);
    evtpm_blob_clear(&blob);
}

static void test_same_again(struct fixture *f, gconstpointer data)
{
    struct evtpm_blob a = { 0 }, b = { 0 };
    struct evtpm_error err = { "" };
    struct igvm_file file;

    (void)data;
    build(f, &a, &file);
    build(f, &b, &file);
    g_assert_true(evtpm_blob_equal(&a, &b));
    g_assert_cmpint(igvm_build_file(&f->options, f->out, &err), ==, 0);
    g_assert_cmpint(evtpm_file_read(f->out, 1u << 24, &b, &err), ==, 0);
    g_assert_true(evtpm_blob_equal(&a, &b));
    evtpm_blob_clear(&a);
    evtpm_blob_clear(&b);
}

/* ---- kernel hashes ---- */

static void digest_of(struct fixture *f, uint8_t digest[48])
{
    struct evtpm_blob blob = { 0 };
    struct launch_digest ld;
    struct igvm_file file;
    struct evtpm_error err = { "" };

    build(f, &blob, &file);
    if (igvm_launch_digest(&file, IGVM_PLATFORM_SEV_SNP, &ld, &err) < 0) {
        g_error("%s", err.text);
    }
    memcpy(digest, ld.ld, 48);
    evtpm_blob_clear(&blob);
}

/* A measured page in the guest's RAM, which the SVSM is told to leave alone. */
static void test_kernel_hashes(struct fixture *f, gconstpointer data)
{
    char *firmware = ovmf_sample_file();
    struct evtpm_blob blob = { 0 };
    uint8_t without[48], with[48], other[48];
    struct svsm_boot_info info;
    struct igvm_file file;
    struct igvm_header h;

    (void)data;
    f->options.firmware = firmware;
    build(f, &blob, &file);
    info = boot_info(&file);
    g_assert_cmphex(info.flags, ==, 0);
    g_assert_false(find_page(&file, 0x810000, &h));
    digest_of(f, without);

    f->options.kernel = (struct kernel_files){ f->vtpm, NULL, "quiet" };
    build(f, &blob, &file);
    info = boot_info(&file);
    g_assert_cmphex(info.flags, ==, SVSM_BOOT_KERNEL_HASHES);
    g_assert_cmpuint(info.fw_range_count, ==, 7);
    g_assert_true(find_page(&file, 0x810000, &h));
    g_assert_cmpuint(h.u.page.data_type, ==, IGVM_PAGE_TYPE_NORMAL);
    g_assert_cmphex(h.u.page.flags, ==, 0);
    g_assert_cmphex(h.data[0xbff], ==, 0);
    g_assert_cmphex(h.data[0xc00], ==, 0x06); /* of the table's GUID */
    digest_of(f, with);
    f->options.kernel.append = "loud";
    digest_of(f, other);
    g_assert_cmpint(memcmp(with, without, 48), !=, 0);
    g_assert_cmpint(memcmp(with, other, 48), !=, 0);
    evtpm_blob_clear(&blob);
    ovmf_sample_remove(firmware);
}

/* ---- ID blocks ---- */

static gnutls_privkey_t new_key(struct fixture *f)
{
    struct evtpm_error err = { "" };
    gnutls_privkey_t key;

    g_assert_cmpint(evtpm_id_key_create(f->out, &err), ==, 0);
    key = evtpm_id_key_load(f->out, &err);
    g_assert_nonnull(key);
    g_unlink(f->out);
    return key;
}

static bool find_id(const struct igvm_file *file, struct igvm_snp_id_block *id)
{
    struct igvm_iter it;
    struct igvm_header h;

    igvm_iter_init(&it, file, ~0u);
    while (igvm_next(&it, &h)) {
        if (h.type == IGVM_VHT_SNP_ID_BLOCK) {
            *id = h.u.id_block;
            return true;
        }
    }
    return false;
}

static void expect_error(struct fixture *f, const char *text);

/* In the file, not in its digest; and only in the file that it is for. */
static void test_id_block(struct fixture *f, gconstpointer data)
{
    struct evtpm_id id = { .block = { .policy = SNP_POLICY_DEFAULT,
                                      .guest_svn = 9 } };
    struct igvm_snp_id_block found;
    struct evtpm_blob blob = { 0 };
    gnutls_privkey_t key = new_key(f);
    struct igvm_file file;
    uint8_t digest[48];

    (void)data;
    build(f, &blob, &file);
    g_assert_false(find_id(&file, &found));
    digest_of(f, id.block.ld);
    g_assert_cmpint(evtpm_id_sign(&id, key, key, NULL), ==, 0);
    f->options.id = &id;
    build(f, &blob, &file);
    g_assert_true(find_id(&file, &found));
    g_assert_cmphex(found.compatibility_mask, ==, 1);
    g_assert_cmpuint(found.author_key_enabled, ==, 1);
    g_assert_cmpmem(found.ld, 48, id.block.ld, 48);
    g_assert_cmpuint(found.version, ==, 1);
    g_assert_cmpuint(found.guest_svn, ==, 9);
    g_assert_cmpmem(found.id_key_signature.s, 72, id.auth.id_block_sig.s, 72);
    g_assert_cmpmem(found.author_public_key.qx, 72, id.auth.author_key.qx, 72);
    digest_of(f, digest);
    g_assert_cmpmem(digest, 48, id.block.ld, 48);

    id.block.ld[0] ^= 1;
    expect_error(f, "the ID block is not signed by its ID key");
    g_assert_cmpint(evtpm_id_sign(&id, key, NULL, NULL), ==, 0);
    expect_error(f, "the ID block is for the launch digest ");
    id.block.ld[0] ^= 1;
    id.block.policy |= SNP_POLICY_DEBUG;
    g_assert_cmpint(evtpm_id_sign(&id, key, NULL, NULL), ==, 0);
    expect_error(f, "the ID block is for the policy 0xb0000, this is 0x30000");
    gnutls_privkey_deinit(key);
    evtpm_blob_clear(&blob);
}

static void expect_error(struct fixture *f, const char *text)
{
    struct evtpm_error err = { "" };

    g_assert_cmpint(igvm_build_file(&f->options, f->out, &err), ==, -1);
    if (!strstr(err.text, text)) {
        g_error("\"%s\" is not in \"%s\"", text, err.text);
    }
    g_assert_false(g_file_test(f->out, G_FILE_TEST_EXISTS));
}

/* One field of the program is changed. */
static const struct bad_row {
    const char *name;
    size_t at;
    size_t width;
    uint64_t value;
    const char *error;
} bad_rows[] = {
#define EH(field) offsetof(struct program, eh.field), \
                  sizeof(((struct program *)0)->eh.field)
#define PH(n, field) offsetof(struct program, ph[n].field), \
                     sizeof(((struct program *)0)->ph[n].field)
    { "magic", 0, 4, 0, "svsm.elf: not an ELF file" },
    { "class", EI_CLASS, 1, ELFCLASS32, "not an ELF file for x86-64" },
    { "machine", EH(e_machine), EM_AARCH64, "not an ELF file for x86-64" },
    { "relocatable", EH(e_type), ET_DYN, "has no fixed addresses" },
    { "no-segments", EH(e_phnum), 0, "headers do not fit" },
    { "segments-far", EH(e_phoff), 1ull << 60, "headers do not fit" },
    { "entry-data", EH(e_entry), SVSM_IMAGE_GPA + 2 * PAGE, "is not code" },
    { "entry-hole", EH(e_entry), SVSM_IMAGE_GPA + PAGE, "is not code" },
    { "entry-far", EH(e_entry), 0x1000, "entry 0x1000 is not code" },
    { "low", PH(TEXT, p_vaddr), SVSM_IMAGE_GPA - PAGE, "is not linked into" },
    { "high", PH(DATA, p_vaddr), SVSM_BASE + SVSM_REGION_SIZE - PAGE,
      "is not linked into" },
    { "huge", PH(DATA, p_memsz), ~0ull, "is not linked into" },
    { "file-size", PH(DATA, p_filesz), 0x10000, "does not fit the file" },
    { "file-offset", PH(DATA, p_offset), ~0ull, "does not fit the file" },
    { "writable-code", PH(TEXT, p_flags), PF_R | PF_W | PF_X,
      "is writable and executable" },
    { "shared-page", PH(DATA, p_vaddr), SVSM_IMAGE_GPA + 64,
      "share the page 0x8000010000" },
    { "dynamic", PH(DATA, p_type), PT_DYNAMIC, "is not static" },
    { "fills-region", PH(DATA, p_memsz),
      SVSM_REGION_SIZE - 0x10000 - 2 * PAGE, "the region has 0x2000000" },
};

static void test_bad(struct fixture *f, gconstpointer data)
{
    const struct bad_row *row = data;

    memcpy((uint8_t *)&f->program + row->at, &row->value, row->width);
    write_file(f->svsm, &f->program, sizeof(f->program));
    expect_error(f, row->error);
}

static void test_bad_inputs(struct fixture *f, gconstpointer data)
{
    g_autofree char *nowhere = g_build_filename(f->dir, "no", "where", NULL);
    const struct igvm_build_options good = f->options;
    struct evtpm_error err = { "" };

    (void)data;
    f->options.svsm = nowhere;
    expect_error(f, "No such file or directory");
    f->options.svsm = f->dir;
    expect_error(f, "not a regular file");
    f->options = good;
    f->options.firmware = f->vtpm;
    expect_error(f, "size 5000 is not whole pages");
    f->options = good;
    f->options.kernel.kernel = f->vtpm;
    expect_error(f, "kernel hashes are for the firmware, which is left out");
    f->options = good;
    f->options.policy = 0x10000;
    expect_error(f, "bit 17 must be one");
    f->options = good;
    f->options.guest_vmpl = 4;
    expect_error(f, "guest VMPL 4 does not exist");
    f->options = good;
    f->options.sev_features = SEV_FEATURE_DEBUG_SWAP;
    expect_error(f, "lack SNP");
    f->options = good;
    g_assert_cmpint(igvm_build_file(&f->options, nowhere, &err), ==, -1);
    g_assert_nonnull(strstr(err.text, "No such file"));
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
#define ADD(name, fn, row) \
    g_test_add(name, struct fixture, row, set_up, fn, tear_down)
    ADD("/igvm-build/layout", test_layout, NULL);
    ADD("/igvm-build/page-tables", test_page_tables, NULL);
    ADD("/igvm-build/vmsa", test_vmsa, NULL);
    ADD("/igvm-build/same-again", test_same_again, NULL);
    ADD("/igvm-build/kernel-hashes", test_kernel_hashes, NULL);
    ADD("/igvm-build/id-block", test_id_block, NULL);
    ADD("/igvm-build/bad-inputs", test_bad_inputs, NULL);
    for (size_t i = 0; i < G_N_ELEMENTS(bad_rows); i++) {
        g_autofree char *path = g_strdup_printf("/igvm-build/bad/%s",
                                                bad_rows[i].name);

        ADD(path, test_bad, &bad_rows[i]);
    }
    return g_test_run();
}
