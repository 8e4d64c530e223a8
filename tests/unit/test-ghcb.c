/* SPDX-License-Identifier: MIT */
/* GHCB requests as the emulated host reads them: what it accepts, and the error for what not. */
#include <string.h>

#include "qemu-patches/overlay/target/i386/snp/ghcb_decode.h"

#define GPA 0x809000ull

#define RAX (1u << 0)
#define RCX (1u << 1)
#define RDX (1u << 2)
#define RBX (1u << 3)
#define CPL (1u << 4)
#define XCR0 (1u << 5)
#define SCRATCH (1u << 6)
#define INFO_1 (1u << 7)
#define INFO_2 (1u << 8)
#define CODE (1u << 9)
#define ALWAYS (CODE | INFO_1 | INFO_2)

static const unsigned field_bits[] = {
    GHCB_VALID_BIT(rax),
    GHCB_VALID_BIT(rcx),
    GHCB_VALID_BIT(rdx),
    GHCB_VALID_BIT(rbx),
    GHCB_VALID_BIT(cpl),
    GHCB_VALID_BIT(xcr0),
    GHCB_VALID_BIT(sw_scratch),
    GHCB_VALID_BIT(sw_exit_info_1),
    GHCB_VALID_BIT(sw_exit_info_2),
    GHCB_VALID_BIT(sw_exit_code),
};

static void make(struct ghcb *ghcb, uint64_t code, uint64_t info_1,
                 unsigned fields)
{
    memset(ghcb, 0, sizeof(*ghcb));
    ghcb->sw_exit_code = code;
    ghcb->sw_exit_info_1 = info_1;
    ghcb->protocol_version = 2;
    for (size_t i = 0; i < G_N_ELEMENTS(field_bits); i++) {
        if (fields & (1u << i)) {
            ghcb_set_valid(ghcb, field_bits[i]);
        }
    }
}

/* ---- Which fields an event needs ---- */

struct need {
    const char *name;
    uint64_t code, info_1, rax;
    unsigned fields; /* beyond ALWAYS: each one is needed */
};

static const struct need needs[] = {
    { "cpuid", SVM_EXIT_CPUID, 0, 1, RAX | RCX },
    { "cpuid-xsave", SVM_EXIT_CPUID, 0, 0xd, RAX | RCX | XCR0 },
    { "out", SVM_EXIT_IOIO, 0x3f80010, 0, RAX },
    { "in", SVM_EXIT_IOIO, 0x3f80011, 0, 0 },
    { "outs", SVM_EXIT_IOIO, 0x3f80014, 0, SCRATCH },
    { "ins", SVM_EXIT_IOIO, 0x3f80015, 0, SCRATCH },
    { "rdmsr", SVM_EXIT_MSR, 0, 0, RCX },
    { "wrmsr", SVM_EXIT_MSR, 1, 0, RCX | RAX | RDX },
    { "rdpmc", SVM_EXIT_RDPMC, 0, 0, RCX },
    { "vmmcall", SVM_EXIT_VMMCALL, 0, 0, RAX | CPL },
    { "dr7-write", SVM_EXIT_DR7_WRITE, 0, 0, RAX },
    { "dr7-read", SVM_EXIT_DR7_READ, 0, 0, 0 },
    { "monitor", SVM_EXIT_MONITOR, 0, 0, RAX | RCX | RDX },
    { "mwait", SVM_EXIT_MWAIT, 0, 0, RAX | RCX },
    { "mmio-read", GHCB_NAE_MMIO_READ, 0xfee00030, 0, SCRATCH },
    { "mmio-write", GHCB_NAE_MMIO_WRITE, 0xfee00030, 0, SCRATCH },
    { "psc", GHCB_NAE_PSC, 0, 0, SCRATCH },
    { "guest-request", GHCB_NAE_GUEST_REQUEST, 0x1000, 0, 0 },
    { "ext-guest-request", GHCB_NAE_EXT_GUEST_REQUEST, 0x1000, 0, RAX | RBX },
    { "ap-create", GHCB_NAE_AP_CREATION, GHCB_AP_CREATE, 0, RAX },
    { "ap-on-init", GHCB_NAE_AP_CREATION, GHCB_AP_CREATE_ON_INIT, 0, RAX },
    { "ap-destroy", GHCB_NAE_AP_CREATION, GHCB_AP_DESTROY, 0, 0 },
    { "apic-ids", GHCB_NAE_APIC_ID_LIST, 0x1000, 0, RAX },
    { "hv-doorbell", GHCB_NAE_HV_DOORBELL, GHCB_DOORBELL_SET, 0, 0 },
    { "hv-ipi", GHCB_NAE_HV_IPI, 0x40030, 0, 0 },
    { "run-vmpl", GHCB_NAE_RUN_VMPL, 0, 0, 0 },
    { "hv-features", GHCB_NAE_HV_FEATURES, 0, 0, 0 },
    { "terminate", GHCB_NAE_TERMINATE, 0, 0, 0 },
};

static void test_needs(gconstpointer data)
{
    const struct need *n = data;
    unsigned fields = n->fields | ALWAYS;
    struct ghcb ghcb;

    make(&ghcb, n->code, n->info_1, fields);
    ghcb.rax = n->rax;
    g_assert_cmpuint(ghcb_check(&ghcb), ==, 0);

    for (size_t i = 0; i < G_N_ELEMENTS(field_bits); i++) {
        if (fields & (1u << i)) {
            make(&ghcb, n->code, n->info_1, fields & ~(1u << i));
            ghcb.rax = n->rax;
            g_assert_cmpuint(ghcb_check(&ghcb), ==, GHCB_ERR_MISSING_INPUT);
        }
    }
    /* Surplus bits are no error: public guests set them. */
    memset(ghcb.valid_bitmap, 0xff, sizeof(ghcb.valid_bitmap));
    g_assert_cmpuint(ghcb_check(&ghcb), ==, 0);
}

static void test_usage_and_event(void)
{
    struct ghcb ghcb;

    make(&ghcb, SVM_EXIT_CPUID, 0, ALWAYS | RAX | RCX);
    ghcb.ghcb_usage = 1;
    g_assert_cmpuint(ghcb_check(&ghcb), ==, GHCB_ERR_INVALID_USAGE);
    /* The version field is not looked at. */
    ghcb.ghcb_usage = 0;
    ghcb.protocol_version = 77;
    g_assert_cmpuint(ghcb_check(&ghcb), ==, 0);

    make(&ghcb, 0x5555, 0, ALWAYS);
    g_assert_cmpuint(ghcb_check(&ghcb), ==, GHCB_ERR_INVALID_EVENT);
    g_assert_cmpstr(ghcb_event_name(0x5555), ==, "unknown");
    make(&ghcb, GHCB_NAE_HV_TIMER, 0, ALWAYS);
    g_assert_cmpuint(ghcb_check(&ghcb), ==, GHCB_ERR_INVALID_EVENT);
}

/* ---- Scratch area ---- */

static void test_scratch(void)
{
    static const struct {
        uint64_t address, length;
        unsigned error;
    } rows[] = {
        { GPA + 0x800, 0, 0 },
        { GPA + 0x800, GHCB_BUFFER_SIZE, 0 },
        { GPA + 0xfef, 1, 0 },
        { GPA + 0x800, GHCB_BUFFER_SIZE + 1, GHCB_ERR_INVALID_SCRATCH },
        { GPA + 0xfef, 2, GHCB_ERR_INVALID_SCRATCH },
        { GPA + 0xff0, 0, GHCB_ERR_INVALID_SCRATCH },
        { GPA + 0x7ff, 8, GHCB_ERR_INVALID_SCRATCH },
        { GPA, 8, GHCB_ERR_INVALID_SCRATCH },
        { GPA - 8, 8, GHCB_ERR_INVALID_SCRATCH },
        { GPA + 0x1800, 8, GHCB_ERR_INVALID_SCRATCH },
        { 0, 8, GHCB_ERR_INVALID_SCRATCH },
        { UINT64_MAX, 8, GHCB_ERR_INVALID_SCRATCH },
        { GPA + 0x800, UINT64_MAX, GHCB_ERR_INVALID_SCRATCH },
        { GPA + 0x900, UINT64_MAX - 0x100, GHCB_ERR_INVALID_SCRATCH },
    };
    unsigned offset = 0;
    struct ghcb ghcb;

    for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
        make(&ghcb, GHCB_NAE_MMIO_READ, 0, ALWAYS | SCRATCH);
        ghcb.sw_scratch = rows[i].address;
        g_test_message("row %zu", i);
        g_assert_cmpuint(ghcb_scratch(&ghcb, GPA, rows[i].length, &offset),
                         ==, rows[i].error);
        if (!rows[i].error) {
            g_assert_cmpuint(offset, ==, rows[i].address - GPA);
        }
    }
    make(&ghcb, GHCB_NAE_MMIO_READ, 0, ALWAYS);
    ghcb.sw_scratch = GPA + 0x800;
    g_assert_cmpuint(ghcb_scratch(&ghcb, GPA, 1, &offset), ==,
                     GHCB_ERR_MISSING_INPUT);
}

/* ---- Port I/O ---- */

static void test_io(void)
{
    GhcbIo io = { 0 };
    struct ghcb ghcb;

    make(&ghcb, SVM_EXIT_IOIO, 0x3f80211, ALWAYS);
    g_assert_cmpuint(ghcb_decode_io(&ghcb, &io), ==, 0);
    g_assert_cmphex(io.port, ==, 0x3f8);
    g_assert_cmpuint(io.size, ==, 1);
    g_assert_true(io.in && !io.string);
    g_assert_cmpuint(io.count, ==, 1);

    make(&ghcb, SVM_EXIT_IOIO, 0xcfc00040 | GHCB_IOIO_STR | GHCB_IOIO_REP,
         ALWAYS | SCRATCH);
    ghcb.sw_exit_info_2 = GHCB_BUFFER_SIZE / 4;
    g_assert_cmpuint(ghcb_decode_io(&ghcb, &io), ==, 0);
    g_assert_cmphex(io.port, ==, 0xcfc0);
    g_assert_cmpuint(io.size, ==, 4);
    g_assert_true(!io.in && io.string);
    g_assert_cmpuint(io.count, ==, GHCB_BUFFER_SIZE / 4);
    ghcb.sw_exit_info_2++;
    g_assert_cmpuint(ghcb_decode_io(&ghcb, &io), ==,
                     GHCB_ERR_INVALID_SCRATCH);
    ghcb.sw_exit_info_2 = UINT64_MAX;
    g_assert_cmpuint(ghcb_decode_io(&ghcb, &io), ==,
                     GHCB_ERR_INVALID_SCRATCH);

    /* no size, two sizes, bits beyond the port */
    make(&ghcb, SVM_EXIT_IOIO, 0x3f80001, ALWAYS);
    g_assert_cmpuint(ghcb_decode_io(&ghcb, &io), ==, GHCB_ERR_INVALID_INPUT);
    make(&ghcb, SVM_EXIT_IOIO, 0x3f80031, ALWAYS);
    g_assert_cmpuint(ghcb_decode_io(&ghcb, &io), ==, GHCB_ERR_INVALID_INPUT);
    make(&ghcb, SVM_EXIT_IOIO, 1ull << 32 | 0x3f80011, ALWAYS);
    g_assert_cmpuint(ghcb_decode_io(&ghcb, &io), ==, GHCB_ERR_INVALID_INPUT);
}

/* ---- Page state changes ---- */

static void test_psc_header(void)
{
    static const struct {
        unsigned cur, end, offset;
        bool ok;
    } rows[] = {
        { 0, 0, 0x800, true },     { 0, 252, 0x800, true },
        { 252, 252, 0x800, true }, { 0, 253, 0x800, false },
        { 1, 0, 0x800, false },    { 0, 65535, 0x800, false },
        { 0, 251, 0x808, true },   { 0, 252, 0x808, false },
        { 0, 0, 0xfe0, true },     { 0, 0, 0xfe8, false },
    };

    for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
        struct ghcb_psc_hdr hdr = {
            .cur_entry = (uint16_t)rows[i].cur,
            .end_entry = (uint16_t)rows[i].end,
        };

        g_test_message("row %zu", i);
        g_assert_true(ghcb_psc_header_ok(&hdr, rows[i].offset) == rows[i].ok);
    }
}

static void test_psc_entry(void)
{
    const uint64_t private = (uint64_t)GHCB_PSC_PRIVATE << GHCB_PSC_OP_SHIFT;
    const uint64_t shared = (uint64_t)GHCB_PSC_SHARED << GHCB_PSC_OP_SHIFT;
    GhcbPsc psc;

    g_assert_true(ghcb_decode_psc(private | 0x1234000, &psc));
    g_assert_cmphex(psc.gpa, ==, 0x1234000);
    g_assert_cmpuint(psc.op, ==, GHCB_PSC_PRIVATE);
    g_assert_false(psc.large);
    g_assert_cmpuint(psc.done, ==, 0);
    g_assert_cmphex(ghcb_psc_done(private | 0x1234000), ==,
                    private | 0x1234001);

    g_assert_true(ghcb_decode_psc(GHCB_PSC_LARGE | shared | 0x1200005, &psc));
    g_assert_cmphex(psc.gpa, ==, 0x1200000);
    g_assert_true(psc.large);
    g_assert_cmpuint(psc.done, ==, 5);
    g_assert_cmphex(ghcb_psc_done(GHCB_PSC_LARGE | shared | 0x1200005), ==,
                    GHCB_PSC_LARGE | shared | 0x1200200);

    /* a 2 MiB entry that is not aligned, operations 0 and 5, progress beyond
     * the entry, reserved bits */
    g_assert_false(ghcb_decode_psc(GHCB_PSC_LARGE | shared | 0x1201000, &psc));
    g_assert_false(ghcb_decode_psc(0x1234000, &psc));
    g_assert_false(ghcb_decode_psc(5ull << GHCB_PSC_OP_SHIFT | 0x1000, &psc));
    g_assert_false(ghcb_decode_psc(private | 0x1234002, &psc));
    g_assert_false(ghcb_decode_psc(GHCB_PSC_LARGE | private | 0x1200201,
                                   &psc));
    g_assert_false(ghcb_decode_psc(1ull << 57 | private | 0x1234000, &psc));
}

/* ---- Restricted injection ---- */

static void test_icr(void)
{
    static const struct {
        uint64_t icr;
        unsigned error, vector;
    } rows[] = {
        { 0x30, 0, 0x30 },
        { 0xff, 0, 0xff },
        { 0x10, 0, 0x10 },
        { 0x0f, GHCB_ERR_INVALID_INPUT, 0 },
        { 0, GHCB_ERR_INVALID_INPUT, 0 },
        { 0x400, 0, 0 },
        { 0x4ff, 0, 0 },
        { 0x130, GHCB_ERR_INVALID_INPUT, 0 },
        { 0x200, GHCB_ERR_INVALID_INPUT, 0 },
        { 0x500, GHCB_ERR_INVALID_INPUT, 0 },
        { 0x608, GHCB_ERR_INVALID_INPUT, 0 },
        { 0x730, GHCB_ERR_INVALID_INPUT, 0 },
    };
    GhcbIpi ipi;

    for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
        g_test_message("row %zu", i);
        g_assert_cmpuint(ghcb_decode_icr(rows[i].icr, &ipi), ==, rows[i].error);
        if (!rows[i].error) {
            g_assert_cmpuint(ipi.vector, ==, rows[i].vector);
        }
    }
}

/* As an x2APIC: logical ids are cluster and bit, all ones is everybody. */
static void test_ipi_reach(void)
{
    static const struct {
        uint64_t icr;
        uint32_t apic_id;
        bool self, reaches;
    } rows[] = {
        { 5ull << 32 | 0x30, 5, false, true },
        { 5ull << 32 | 0x30, 4, false, false },
        { 5ull << 32 | 0x30, 5, true, true },
        { 0xffffffffull << 32 | 0x30, 9, false, true },
        { 0x00000006ull << 32 | 0x830, 1, false, true },
        { 0x00000006ull << 32 | 0x830, 2, false, true },
        { 0x00000006ull << 32 | 0x830, 0, false, false },
        { 0x00000006ull << 32 | 0x830, 17, false, false },
        { 0x00010002ull << 32 | 0x830, 17, false, true },
        { 0xffffffffull << 32 | 0x830, 17, false, true },
        { 5ull << 32 | 0x40030, 5, false, false },
        { 5ull << 32 | 0x40030, 1, true, true },
        { 0x80030, 5, true, true },
        { 0x80030, 5, false, true },
        { 0xc0030, 5, true, false },
        { 0xc0030, 5, false, true },
    };
    GhcbIpi ipi;

    for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
        g_test_message("row %zu", i);
        g_assert_cmpuint(ghcb_decode_icr(rows[i].icr, &ipi), ==, 0);
        g_assert_true(ghcb_ipi_reaches(&ipi, rows[i].apic_id, rows[i].self) ==
                      rows[i].reaches);
    }
}

static void test_events(void)
{
    static const struct {
        uint16_t before;
        uint8_t vector;
        bool nmi;
        uint16_t after;
        bool raise;
    } rows[] = {
        { 0, 0x30, false, 0x8030, true },
        { 0x8030, 0x40, false, 0x8040, false },
        { 0x0030, 0x40, false, 0x8040, true },
        { 0, 0, true, 0x8100, true },
        { 0x8030, 0, true, 0x8130, false },
        { 0x0100, 0x41, false, 0x8141, true },
        { 0x0200, 0x41, true, 0x8341, true },
    };
    bool raise;

    for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
        g_test_message("row %zu", i);
        g_assert_cmphex(
            hv_events_add(rows[i].before, rows[i].vector, rows[i].nmi, &raise),
            ==, rows[i].after);
        g_assert_true(raise == rows[i].raise);
    }
}

static void test_vectors(void)
{
    uint32_t set[8] = { 0 };

    g_assert_cmpint(vectors_highest(set), ==, -1);
    for (unsigned vector = 0; vector < 256; vector++) {
        vectors_add(set, (uint8_t)vector);
        g_assert_cmpint(vectors_highest(set), ==, vector);
        g_assert_true(vectors_has(set, (uint8_t)vector));
    }
    for (unsigned vector = 255; vector > 0; vector--) {
        vectors_remove(set, (uint8_t)vector);
        g_assert_false(vectors_has(set, (uint8_t)vector));
        g_assert_cmpint(vectors_highest(set), ==, vector - 1);
    }
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    for (size_t i = 0; i < G_N_ELEMENTS(needs); i++) {
        g_autofree char *path = g_strconcat("/ghcb/needs/", needs[i].name,
                                            NULL);

        g_test_add_data_func(path, &needs[i], test_needs);
    }
    g_test_add_func("/ghcb/usage-and-event", test_usage_and_event);
    g_test_add_func("/ghcb/scratch", test_scratch);
    g_test_add_func("/ghcb/io", test_io);
    g_test_add_func("/ghcb/psc-header", test_psc_header);
    g_test_add_func("/ghcb/psc-entry", test_psc_entry);
    g_test_add_func("/ghcb/icr", test_icr);
    g_test_add_func("/ghcb/ipi-reach", test_ipi_reach);
    g_test_add_func("/ghcb/events", test_events);
    g_test_add_func("/ghcb/vectors", test_vectors);
    return g_test_run();
}
