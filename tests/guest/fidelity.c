/* SPDX-License-Identifier: MIT */
/* Fidelity tests: entry at each VMPL, CPL and mode, and the way back. */
#include "tests/guest/fidelity.h"

#define MSR_EFER 0xc0000080
#define SEL_CODE64 0x08
#define SEL_DATA 0x10
#define SEL_USER_DATA 0x1b
#define SEL_USER64 0x23
#define SEL_TSS 0x28
#define SEL_CODE32 0x38
#define SEL_USER32 0x43
#define VECTORS 32
#define VECTOR_BP 3

/* Offsets in the page FID_LOW, for code without paging; its stack ends with the page */
#define LOW_ENTRIES 0x40
#define LOW_END (LOW_ENTRIES + VECTORS * 16)
#define LOW_GDT 0x280
#define LOW_IDT 0x300
#define LOW_STACK 0xff0
/* Further pages there: tables for both kinds of legacy paging */
#define LOW_DIRECTORY 0x11000ull
#define LOW_LEAVES 0x12000ull
#define LOW_POINTERS 0x14000ull

/* See fidelity-code.S. */
struct fid_entry {
    uint64_t rax, rcx, rdx, rdi, cr3, rip, cs, rflags, rsp, ss;
};
void fid_enter(const struct fid_entry *entry);
extern char fid_entries[];
extern volatile uint8_t fid_at_vmpl0;
extern const uint8_t fid_flat_end[], fid_flat_end_end[];
extern const uint8_t fid_real_end[], fid_real_end_end[];

/* What an exception of a row leaves, from the lowest address on */
struct frame64 {
    uint64_t rdx, rcx, rax, vector, error, rip, cs, rflags, rsp, ss;
};
struct frame32 {
    uint32_t edx, ecx, eax, vector, error, eip, cs, eflags;
};
struct frame16 {
    uint32_t edx, ecx, eax;
    uint16_t vector, error, ip, cs, flags;
};

static uint64_t gdt[9] = {
    0, 0x00af9b000000ffff, 0x00cf93000000ffff, 0x00cff3000000ffff,
    0x00affb000000ffff, 0, 0, 0x00cf9b000000ffff, 0x00cffb000000ffff,
};
static uint64_t idt[VECTORS][2];
static struct {
    uint32_t rsvd_00;
    uint64_t rsp[3];
    uint64_t rsvd_1c;
    uint64_t ist[7];
    uint64_t rsvd_5c;
    uint32_t iomap;
} EVTPM_PACKED tss;
static uint8_t stack[8192] __attribute__((aligned(16))); /* at CPL0 */
static uint8_t frames[4096] __attribute__((aligned(16)));

static uint8_t *low;
static uint64_t *low_directory, *low_leaves; /* LOW_DIRECTORY, LOW_LEAVES */
static uint64_t *low_pointers;               /* of PAE: LOW_POINTERS */
static struct vmsa *vmsa[SNP_VMPL_COUNT];

struct descriptor_table {
    uint16_t limit;
    uint64_t base;
} EVTPM_PACKED;

static void lidt(const void *base, uint16_t limit)
{
    struct descriptor_table d = { limit, (uint64_t)base };

    __asm__ volatile("lidt %0" : : "m"(d));
}

/* The GDT has what trap.c needs where trap.c has it, so that it stays. */
static void make_descriptors(void)
{
    struct descriptor_table d = { sizeof(gdt) - 1, (uint64_t)gdt };
    uint64_t base = (uint64_t)&tss;

    tss.rsp[0] = (uint64_t)stack + sizeof(stack);
    tss.ist[0] = (uint64_t)frames + sizeof(frames);
    tss.iomap = sizeof(tss) << 16;
    gdt[5] = (sizeof(tss) - 1) | (base & 0xffffff) << 16 | 0x89ull << 40 |
             (base >> 24 & 0xff) << 56;
    gdt[6] = base >> 32;
    for (unsigned int i = 0; i < VECTORS; i++) {
        uint64_t at = (uint64_t)fid_entries + i * 16;
        uint64_t gate = i == VECTOR_BP ? 0xee01 : 0x8e01; /* stack 1 */

        idt[i][0] = (at & 0xffff) | SEL_CODE64 << 16 | gate << 32 |
                    (at >> 16 & 0xffff) << 48;
        idt[i][1] = at >> 32;
    }
    __asm__ volatile("lgdt %0" : : "m"(d));
    __asm__ volatile("ltr %w0" : : "r"(SEL_TSS));
}

static void *low_page(uint64_t gpa)
{
    void *page = page_map(page_window(), gpa, PTE_PRIVATE_RW);

    if (pvalidate(page, false, true).eax != SNP_OK) {
        report(false, "a page of low memory can be validated");
        finish();
    }
    for (unsigned int vmpl = 1; vmpl < SNP_VMPL_COUNT; vmpl++) {
        vmpl_grant(page, PAGE, vmpl, RMP_PERM_ALL);
    }
    return memset(page, 0, PAGE);
}

static void make_low(void)
{
    low = low_page(FID_LOW);
    low_directory = low_page(LOW_DIRECTORY);
    low_leaves = low_page(LOW_LEAVES);
    low_pointers = low_page(LOW_POINTERS);
}

void fid_init(void)
{
    make_descriptors();
    fid_make_tables();
    make_low();
    for (unsigned int vmpl = 1; vmpl < SNP_VMPL_COUNT; vmpl++) {
        vmpl_grant_image(vmpl);
        vmsa[vmpl] = vmpl_vmsa(vmpl, NULL, NULL);
        if (vmpl_register(vmpl, vmsa[vmpl]) != 0) {
            report(false, "VMPL%u can be used", vmpl);
            finish();
        }
    }
}

/* ---- entry ---- */

static void enter_vmpl0(const struct fid_run *run)
{
    bool user = run->cpl == 3, wide = run->mode == MODE_64;
    struct fid_entry entry = {
        run->rax, run->rcx, run->rdx, run->rdi,
        .cr3 = (uint64_t)fid_table(0) | SNP_CBIT,
        .rip = FID_CODE,
        .cs = user ? wide ? SEL_USER64 : SEL_USER32
                   : wide ? SEL_CODE64 : SEL_CODE32,
        .rflags = 2 | run->rflags,
        .rsp = FID_STACK + PAGE - 64,
        .ss = user ? SEL_USER_DATA : SEL_DATA,
    };
    struct descriptor_table old;

    __asm__ volatile("sidt %0" : "=m"(old));
    lidt(idt, sizeof(idt) - 1);
    fid_at_vmpl0 = 1;
    fid_enter(&entry);
    fid_at_vmpl0 = 0;
    __asm__ volatile("lidt %0" : : "m"(old));
}

static void set_long(struct vmsa *v, const struct fid_run *run)
{
    bool user = run->cpl == 3, wide = run->mode == MODE_64;
    uint16_t dpl = user ? 0x60 : 0;
    uint16_t selector = user ? wide ? SEL_USER64 : SEL_USER32
                             : wide ? SEL_CODE64 : SEL_CODE32;
    const struct vmsa_seg data = { user ? SEL_USER_DATA : SEL_DATA,
                                   0xc93 | dpl, 0xffffffff, 0 };

    v->cs = (struct vmsa_seg){ selector, (wide ? 0xa9b : 0xc9b) | dpl,
                               0xffffffff, 0 };
    v->ss = v->ds = v->es = v->fs = v->gs = data;
    v->gdtr = (struct vmsa_seg){ .limit = sizeof(gdt) - 1,
                                 .base = (uint64_t)gdt };
    v->idtr = (struct vmsa_seg){ .limit = sizeof(idt) - 1,
                                 .base = run->idt ? run->idt
                                                  : (uint64_t)idt };
    v->tr = (struct vmsa_seg){ SEL_TSS, 0x8b, sizeof(tss) - 1,
                               (uint64_t)&tss };
    v->cpl = (uint8_t)run->cpl;
    __asm__ volatile("mov %%cr0, %0" : "=r"(v->cr0));
    __asm__ volatile("mov %%cr4, %0" : "=r"(v->cr4));
    v->cr3 = (uint64_t)fid_table(0) | SNP_CBIT;
    v->efer = rdmsr(MSR_EFER) | VMSA_EFER_SVME;
    v->rip = FID_CODE;
    v->rsp = FID_STACK + PAGE - 64;
}

/* PUSH 0 where hardware pushes no error code, PUSH vector, JMP to the end; its length differs by mode. */
static void write_entry(unsigned int vector, unsigned int at, bool real)
{
    const uint32_t with_error = 0x60227d00;
    const unsigned int width = real ? 2 : 4;
    int32_t jump;

    if (real || !(with_error >> vector & 1)) {
        low[at++] = 0x6a;
        low[at++] = 0;
    }
    low[at++] = 0x6a;
    low[at++] = (uint8_t)vector;
    low[at++] = 0xe9;
    jump = LOW_END - (int32_t)(at + width);
    memcpy(low + at, &jump, width);
}

/* The end and the tables of a world without paging. */
static void write_low(bool real)
{
    const uint8_t *end = real ? fid_real_end : fid_flat_end;
    const uint8_t *end_end = real ? fid_real_end_end : fid_flat_end_end;

    memcpy(low + LOW_END, end, (size_t)(end_end - end));
    for (unsigned int i = 0; i < VECTORS; i++) {
        unsigned int at = LOW_ENTRIES + i * 16;

        write_entry(i, at, real);
        if (real) {
            ((uint32_t *)(low + LOW_IDT))[i] = (FID_LOW >> 4) << 16 | at;
        } else {
            ((uint64_t *)(low + LOW_IDT))[i] =
                ((FID_LOW + at) & 0xffff) | SEL_CODE64 << 16 | 0x8eull << 40 |
                (uint64_t)((FID_LOW + at) >> 16) << 48;
        }
    }
    ((uint64_t *)(low + LOW_GDT))[1] = 0x00cf9b000000ffff;
    ((uint64_t *)(low + LOW_GDT))[2] = 0x00cf93000000ffff;
}

static bool low_cbit; /* of FID_LOW_TARGET by PAE */

/* Both kinds of tables map the code and the target, and nothing else. */
static void write_low_tables(bool pae)
{
    const unsigned int code = FID_LOW / PAGE, target = FID_LOW_TARGET / PAGE;
    uint32_t *narrow = (uint32_t *)low_leaves;

    memset(low_leaves, 0, PAGE);
    low_directory[0] = LOW_LEAVES | PTE_P | PTE_W;
    low_pointers[0] = LOW_DIRECTORY | PTE_P;
    if (pae) {
        low_leaves[code] = FID_LOW | PTE_P | PTE_W | SNP_CBIT;
        low_leaves[target] = FID_LOW_TARGET | PTE_P | PTE_W |
                             (low_cbit ? SNP_CBIT : 0);
    } else {
        narrow[code] = FID_LOW | PTE_P | PTE_W;
        narrow[target] = FID_LOW_TARGET | PTE_P | PTE_W;
    }
}

uint8_t *fid_low_page(bool shared, bool cbit)
{
    static uint8_t *page;

    if (!page) {
        page = page_window();
    }
    low_cbit = cbit;
    page_map(page, FID_LOW_TARGET, PTE_PRIVATE_RW);
    psc(FID_LOW_TARGET, GHCB_PSC_SHARED);
    if (shared) {
        page_map(page, FID_LOW_TARGET, PTE_SHARED_RW);
    } else {
        psc(FID_LOW_TARGET, GHCB_PSC_PRIVATE);
        pvalidate(page, false, true);
        for (unsigned int vmpl = 1; vmpl < SNP_VMPL_COUNT; vmpl++) {
            vmpl_grant(page, PAGE, vmpl, RMP_PERM_ALL);
        }
    }
    return memset(page, 0xcc, PAGE);
}

static void set_low(struct vmsa *v, unsigned int mode)
{
    const bool real = mode == MODE_REAL, pae = mode == MODE_PAE;
    const struct vmsa_seg real_data = { FID_LOW >> 4, 0x93, 0xffff, FID_LOW };
    const struct vmsa_seg flat_data = { 0x10, 0xc93, 0xffffffff, 0 };

    write_low(real);
    v->cs = real ? (struct vmsa_seg){ FID_LOW >> 4, 0x9b, 0xffff, FID_LOW }
                 : (struct vmsa_seg){ 0x08, 0xc9b, 0xffffffff, 0 };
    v->ss = v->ds = v->es = v->fs = v->gs = real ? real_data : flat_data;
    v->gdtr = (struct vmsa_seg){ .limit = 23, .base = FID_LOW + LOW_GDT };
    v->idtr = (struct vmsa_seg){ .limit = 0xff, .base = FID_LOW + LOW_IDT };
    v->tr = (struct vmsa_seg){ 0, 0x8b, 0xffff, 0 };
    v->cpl = 0;
    v->cr0 = real ? 0x10 : 0x11;
    v->cr3 = pae ? LOW_POINTERS : LOW_DIRECTORY;
    v->cr4 = 0x40;
    if (pae || mode == MODE_PAGED) {
        write_low_tables(pae);
        v->cr0 |= 1u << 31;
        v->cr4 |= pae ? 1u << 5 : 0;
    }
    v->efer = VMSA_EFER_SVME;
    v->rip = real ? 0 : FID_LOW;
    v->rsp = real ? LOW_STACK : FID_LOW + LOW_STACK;
}

static bool is_long(const struct fid_run *run)
{
    return run->mode == MODE_64 || run->mode == MODE_COMPAT;
}

/* False: the host did not come back with an end of the code. */
static bool enter_lower(const struct fid_run *run)
{
    struct vmsa *v = vmsa[run->vmpl];

    if (is_long(run)) {
        set_long(v, run);
    } else {
        set_low(v, run->mode);
    }
    v->rflags = 2 | run->rflags;
    v->sev_features = SEV_FEATURE_SNP_ACTIVE | run->features;
    v->rax = run->rax;
    v->rcx = run->rcx;
    v->rdx = run->rdx;
    v->rdi = run->rdi;
    v->guest_exit_code = 0;
    return vmpl_run(run->vmpl) == VMPL_RUN_OK;
}

/* ---- outcome ---- */

/* Makes RIP of any mode one that begins at FID_CODE. */
static uint64_t code_offset(const struct fid_run *run)
{
    return is_long(run) ? 0
                        : FID_CODE - (run->mode == MODE_REAL ? 0 : FID_LOW);
}

static void read_frame(const struct fid_run *run, struct fid_outcome *out)
{
    const struct frame64 *f = (void *)(frames + sizeof(frames) - sizeof(*f));

    if (is_long(run)) {
        *out = (struct fid_outcome){ .vector = f->vector, .error = f->error,
                                     .rip = f->rip, .rflags = f->rflags,
                                     .rax = f->rax, .rcx = f->rcx,
                                     .rdx = f->rdx };
    } else if (run->mode != MODE_REAL) {
        const struct frame32 *g = (void *)(low + LOW_STACK - sizeof(*g));

        *out = (struct fid_outcome){ .vector = g->vector, .error = g->error,
                                     .rip = g->eip + code_offset(run),
                                     .rflags = g->eflags, .rax = g->eax,
                                     .rcx = g->ecx, .rdx = g->edx };
    } else {
        /* 22 bytes, padded behind */
        const struct frame16 *g = (void *)(low + LOW_STACK - 22);

        *out = (struct fid_outcome){ .vector = g->vector,
                                     .rip = g->ip + code_offset(run),
                                     .rflags = g->flags, .rax = g->eax,
                                     .rcx = g->ecx, .rdx = g->edx };
    }
    out->kind = out->vector == VECTOR_BP ? DONE : TRAP;
}

static void put_code(const struct fid_run *run)
{
    uint8_t *at = is_long(run) ? fid_code() : low;

    memset(at, 0xcc, 32);
    memcpy(at, run->code, run->length);
}

const void *fid_idt(void)
{
    return idt;
}

void fid_go(const struct fid_run *run, struct fid_outcome *out)
{
    const struct vmsa *v = vmsa[run->vmpl];

    put_code(run);
    memset(frames, 0, sizeof(frames));
    if (run->vmpl == 0) {
        enter_vmpl0(run);
        read_frame(run, out);
        __asm__ volatile("mov %%cr2, %0" : "=r"(out->cr2));
        return;
    }
    if (!enter_lower(run)) {
        *out = (struct fid_outcome){ .kind = LOST };
    } else if (v->guest_exit_code == SVM_EXIT_NPF) {
        *out = (struct fid_outcome){ .kind = NPF,
                                     .rip = v->rip + code_offset(run),
                                     .info_1 = v->guest_exit_info_1,
                                     .info_2 = v->guest_exit_info_2 };
    } else if (v->guest_exit_code == SVM_EXIT_VMGEXIT) {
        read_frame(run, out);
    } else {
        *out = (struct fid_outcome){ .kind = LOST };
    }
    out->cr2 = v->cr2;
}

void fid_explain(const struct fid_outcome *out)
{
    switch (out->kind) {
    case DONE:
        print("# ran to 0x%lx, eax 0x%lx rflags 0x%lx\n", out->rip, out->rax,
              out->rflags);
        break;
    case TRAP:
        print("# exception %lu error 0x%lx rip 0x%lx cr2 0x%lx\n",
              out->vector, out->error, out->rip, out->cr2);
        break;
    case NPF:
        print("# NPF 0x%lx at GPA 0x%lx rip 0x%lx\n", out->info_1,
              out->info_2, out->rip);
        break;
    case LOST:
        print("# the host did not run it to an end\n");
        break;
    }
}

const char *fid_mode_name(unsigned int mode)
{
    switch (mode) {
    case MODE_64:
        return "64-bit";
    case MODE_COMPAT:
        return "compatibility";
    case MODE_FLAT:
        return "protected";
    case MODE_PAGED:
        return "32-bit paging";
    case MODE_PAE:
        return "PAE";
    default:
        return "real";
    }
}
