/* SPDX-License-Identifier: MIT */
/* SVSM conformance: what the rows of the tables mean. */
#include "tests/guest/svsm-calls.h"

static uint64_t good, good_2, last;

/* 512 GiB and up: nothing of a machine of 64 MiB; the top bits: what overflows */
const struct arg hostile_addresses[] = {
    { SVSM, 0 },
    { SVSM, 8 },
    { SVSM, -8ull },
    { SVSM_LAST, 0 },
    { SVSM_LAST, PAGE - 8 },
    { RAW, 0 },
    { RAW, PAGE - 8 },
    { BEYOND, 0 },
    { BEYOND, 8 },
    { NUMBER, 0xfee00000 },       /* the APIC */
    { NUMBER, 0xfffffffff000 },   /* where launch puts the first VMSA */
    { NUMBER, 0x7fffffffff000 },  /* the last page below the C-bit */
    { NUMBER, SNP_CBIT },
    { GOOD, SNP_CBIT },
    { CALLING, SNP_CBIT },
    { GOOD, 1ull << 63 },
    { NUMBER, 0x7ffffffffffff000 },
    { NUMBER, 0xfffffffffffff000 },
    { NUMBER, 0xfffffffffffffff8 },
};
const unsigned hostile_count = COUNT(hostile_addresses);

void places_init(void)
{
    good = (uint64_t)fw_page();
    good_2 = (uint64_t)fw_page();
    last = FW_RAM_END - PAGE;
    expect(svsm_pvalidate(last, SVSM_PVALIDATE_VALIDATE), SVSM_SUCCESS,
           "6.2 the last page of RAM");
}

uint64_t place(struct arg arg)
{
    const struct snp_secrets_page *s = (void *)FW_SECRETS;

    switch (arg.at) {
    case GOOD:
        return good + arg.plus;
    case GOOD_2:
        return good_2 + arg.plus;
    case LAST:
        return last + arg.plus;
    case CALLING:
        return fw_caa + arg.plus;
    case CALLING_2:
        return fw_vcpu.caa + arg.plus;
    case VMSA:
        return (uint64_t)fw_vcpu.vmsa + arg.plus;
    case RAW:
        return FW_RAW + arg.plus;
    case BEYOND:
        return FW_RAM_END + arg.plus;
    case SVSM:
        return s->svsm_base + arg.plus;
    case SVSM_LAST:
        return s->svsm_base + s->svsm_size - PAGE + arg.plus;
    case NUMBER:
        break;
    }
    return arg.plus;
}

bool is_right(uint64_t rax, uint64_t want, uint64_t also)
{
    return rax == want || (ANY_SVSM && also && rax == also);
}

void judge(const char *section, uint64_t rax, uint64_t want, uint64_t also,
           const char *what)
{
    if (!is_right(rax, want, also)) {
        expect(rax, want, what);
        return;
    }
    report(true, "%s %s: %lx", section, what, rax);
}

void run_rows(const struct row *rows, unsigned count)
{
    for (unsigned i = 0; i < count; i++) {
        const struct row *r = &rows[i];
        const struct call in = { r->call, place(r->rcx), place(r->rdx),
                                 place(r->r8), 0x5555 };
        struct call c = in;

        if (r->own && ANY_SVSM) {
            continue;
        }
        judge(r->section, svsm_call(&c), r->want, r->also, r->what);
        if (c.rcx != in.rcx || c.rdx != in.rdx || c.r8 != in.r8 ||
            c.r9 != in.r9) {
            report(false, "%s %s: RCX, RDX, R8, R9 are kept", r->section,
                   r->what);
        }
    }
}
