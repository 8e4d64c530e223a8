/*
 * SEV-SNP emulated by TCG: the parts' view of each other
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 *
 * One VM per process, so one global; NULL while SNP is off. vCPU-side state
 * (which VMPL runs, each level's GHCB MSR, its VMSA) lives in SnpVcpu, reached
 * through X86CPU::snp, and never in env, which a CPU reset clears.
 */
#ifndef TARGET_I386_SNP_H
#define TARGET_I386_SNP_H

#include "evtpm/snp.h"
#include "evtpm/vmsa.h"
#include "exec/hwaddr.h"
#include "exec/memory.h"
#include "target/i386/cpu-qom.h"
#include "hooks.h"

#define SNP_NO_GPA ((hwaddr)-1)

/* Restricted injection: a level's doorbell, what waits for it; under the BQL. */
typedef struct SnpHv {
    hwaddr gpa;              /* doorbell page, or SNP_NO_GPA */
    uint16_t *events;        /* its first word, NULL without a page */
    bool nmi;
    uint32_t ipis[8];        /* sent by #HV IPI, not in the page yet */
    uint32_t displaced[8];   /* of the APIC: in service, not in the page */
    uint32_t service[8];     /* IPIs that were in the page, before EOI */
} SnpHv;

/* What the host keeps per vCPU and VMPL beside the VMSA. */
typedef struct SnpLevel {
    uint64_t ghcb_msr;
    hwaddr ghcb_gpa;         /* registered, or SNP_NO_GPA */
    hwaddr vmsa_gpa;         /* or SNP_NO_GPA: this level has no VMSA yet */
    struct vmsa *vmsa_host;  /* launch VMSA outside guest memory, else NULL */
    bool on_init;            /* by AP_CREATE_ON_INIT, not yet entered */
    bool fresh;              /* by AP_CREATE beside a level that runs, as well */
    bool nmi_masked;
    bool reset_hold;
    uint8_t tpr;             /* CR8, while the APIC is another level's */
    bool restricted;         /* restricted injection, by the last VMSA */
    SnpHv hv;
} SnpLevel;

/* The access that the RMP refused, from its check until it is raised. */
typedef struct SnpFault {
    int kind;                /* RmpFault, or SNP_FAULT_MMIO */
    hwaddr gpa;
    int access;              /* MMUAccessType */
    bool private;
    bool table;              /* by a page table walk */
} SnpFault;

struct SnpVcpu {
    X86CPU *cpu;
    unsigned vmpl;           /* level that env holds now */
    uint64_t sev_features;   /* of that level's VMSA */
    bool started;            /* env holds a level's state */
    bool init_seen;          /* INIT arrived: SIPI enters what is registered */
    unsigned delivery_vmpl;  /* interrupts go to it: the highest one entered */
    SnpFault fault;
    SnpLevel level[SNP_VMPL_COUNT];
};

typedef struct SnpRmp SnpRmp;

struct SnpVm {
    AddressSpace private_as;
    MemoryRegion private_root;
    SnpRmp *rmp;
    uint64_t policy;
    bool debug_read;         /* by policy or property: host may read memory */
    bool reflect_npf;        /* VMPL0 learns of the others' nested page faults */
    bool locked;             /* the host never swaps private memory out */
    unsigned launches;       /* finished ones: each reset launches anew */
    int ended;               /* the guest ended this launch; atomic */
    /* statistics for "info snp" */
    uint64_t vmgexits, vmpl_switches, page_state_changes, pvalidates;
};

/* ---- CPU, MMU, memory (memory.c rmp.c vmsa.c vcpu.c, snp_helper.c) ---- */

/* Make snp_vm and the private address space; before any CPU is realized. */
void snp_vm_create(uint64_t policy, bool debug_read);
/*
 * Private RAM and RMP entries for [gpa, gpa + size), assigned, not validated;
 * page aligned.
 */
bool snp_memory_add(hwaddr gpa, uint64_t size, Error **errp);
/* All private RAM empty, its RMP entries as snp_memory_add() made them. */
void snp_memory_reset(void);
bool snp_memory_covers(hwaddr gpa, uint64_t size);
/*
 * Launch: fill a page (NULL = zeros), mark it assigned and validated, without
 * rights for VMPL1-3.
 */
bool snp_launch_page(hwaddr gpa, const void *page, Error **errp);
/* Host-side access to private memory (VMSA pages, tests); false: none there. */
bool snp_private_read(hwaddr gpa, void *buf, size_t len);
bool snp_private_write(hwaddr gpa, const void *buf, size_t len);

/*
 * One 4K or 2M page to GHCB_PSC_PRIVATE or _SHARED, contents dropped on
 * conversion. Returns 0 or the PSC error; *flush is set when some TLB may hold
 * a looser translation: call snp_flush().
 */
int snp_page_state_change(hwaddr gpa, unsigned op, bool large, bool *flush);
void snp_flush(CPUState *cs);
/* The page is shared on the host side: a GHCB or a buffer may lie there. */
bool snp_page_is_shared(hwaddr gpa);

/* Take the launch VMSA of a vCPU; snp_vcpu_launch() enters it. */
void snp_vcpu_set_launch_vmsa(X86CPU *cpu, const struct vmsa *vmsa);
/* As after snp_cpu_realize(): no level has a VMSA, a GHCB or an event. */
void snp_vcpu_reset(SnpVcpu *v);
/* All vCPUs enter their launch VMSAs, or wait; none of them runs yet. */
void snp_vcpu_launch(void);
/*
 * RUN_VMPL by the vCPU that calls: save env to the current VMSA, load the target's.
 * 0, or non-zero if the target has no VMSA or it cannot be entered. The caller
 * has put the answer into the current level's GHCB MSR or GHCB *before*. Does
 * not return to the old context.
 */
int snp_vcpu_run_vmpl(SnpVcpu *v, unsigned target);
/* AP creation (GHCB 4.1.8); @request GHCB_AP_*. Returns a GHCB_ERR_* or 0. */
int snp_vcpu_ap_creation(SnpVcpu *caller, uint32_t apic_id, unsigned vmpl,
                         unsigned request, hwaddr vmsa_gpa, uint64_t features);
/* Report on stderr and end the VM with @status (1..255). */
void G_NORETURN snp_terminate(CPUState *cs, int status, const char *fmt, ...)
    G_GNUC_PRINTF(3, 4);

/* MSR bodies split out of helper_rdmsr/wrmsr: false = #GP. */
bool snp_host_rdmsr(X86CPU *cpu, uint32_t msr, uint64_t *value);
bool snp_host_wrmsr(X86CPU *cpu, uint32_t msr, uint64_t value);

/* ---- Host (object.c launch.c ghcb.c guest_request.c monitor.c, loader) ---- */

/*
 * VMGEXIT by @v->cpu, on its own thread, without the BQL, env in sync, rip
 * already past the instruction. Answers in the GHCB or the MSR; may end in
 * snp_vcpu_run_vmpl() or snp_terminate().
 */
void snp_vmgexit(SnpVcpu *v);
/* The VM starts to run: finish the launch (called once, from the vm-change handler). */
void snp_launch_finish(void);

/* Exit statuses of QEMU when the VM ends by itself */
#define SNP_EXIT_TERMINATE 60      /* GHCB termination request */
#define SNP_EXIT_VMPL_FAULT 61     /* VMPL permission violation (NPF) */
#define SNP_EXIT_RMP_FAULT 62      /* private access to a page not assigned */
#define SNP_EXIT_TRIPLE_FAULT 63
#define SNP_EXIT_INVALID_VMSA 64
#define SNP_EXIT_PROTOCOL 65       /* GHCB use that has no answer */

#endif
