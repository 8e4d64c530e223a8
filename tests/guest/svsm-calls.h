/* SPDX-License-Identifier: MIT */
/*
 * SVSM conformance (AMD 58019): tables of calls with what the specification answers. A row breaks
 * one thing. Addresses are named by what lies there, so that the tables hold for any SVSM.
 *
 * Where the specification leaves a choice of error, `want` is this repository's SVSM's and `also`
 * the other one. Built as svsm-calls only `want` is right; built with SVSM_ANY, as svsm-any, both.
 */
#ifndef EVTPM_TESTS_SVSM_CALLS_H
#define EVTPM_TESTS_SVSM_CALLS_H

#include "tests/guest/svsm-fw.h"

#ifdef SVSM_ANY
#define ANY_SVSM true
#else
#define ANY_SVSM false
#endif

#define ADDRESS SVSM_ERR_INVALID_ADDRESS
#define PARAMETER SVSM_ERR_INVALID_PARAMETER
#define CORE(call) SVSM_CALL(SVSM_PROTOCOL_CORE, SVSM_CORE_##call)
#define COUNT(a) (sizeof(a) / sizeof((a)[0]))

/* What lies at an address; the number itself for NUMBER. */
enum place {
    NUMBER,
    GOOD,      /* a page of the guest, validated, of no other use */
    GOOD_2,    /* another one */
    LAST,      /* the last page of RAM, validated */
    CALLING,   /* the calling area of this vCPU */
    CALLING_2, /* that of the second vCPU, while it has one */
    VMSA,      /* the VMSA of the second vCPU, while it has one */
    RAW,       /* RAM that is not validated */
    BEYOND,    /* the first address behind RAM */
    SVSM,      /* the SVSM's first page */
    SVSM_LAST, /* and its last */
};

struct arg {
    enum place at;
    uint64_t plus;
};

struct row {
    const char *section; /* of 58019 */
    const char *what;
    uint64_t call;
    struct arg rcx, rdx, r8;
    uint64_t want;
    uint64_t also; /* 0: no choice */
    bool own;      /* not for other SVSMs: the specification is silent */
};

/* Takes the pages that places name. */
void places_init(void);
uint64_t place(struct arg arg);

/* Makes the calls; registers that are no output must come back as they were. */
void run_rows(const struct row *rows, unsigned count);

/* Is `rax` what a row with these two would want? */
bool is_right(uint64_t rax, uint64_t want, uint64_t also);
void judge(const char *section, uint64_t rax, uint64_t want, uint64_t also,
           const char *what);

/* Addresses that no call may take. */
extern const struct arg hostile_addresses[];
extern const unsigned hostile_count;

/* What the second vCPU has (places VMSA, CALLING_2): made and taken back by test_vcpu(). */
extern struct fw_vcpu {
    struct vmsa *vmsa;
    uint64_t caa;
} fw_vcpu;

/* The subjects */
void test_start(void);
void test_convention(void);
void test_core(void);
void test_pvalidate_entries(void);
void test_pvalidate_lists(void);
void test_pvalidate_states(void);
void test_vcpu(void);
void test_vtpm(void);
void test_attest(void);
void test_hostile(void);

#endif
