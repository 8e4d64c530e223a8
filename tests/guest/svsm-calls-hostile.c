/* SPDX-License-Identifier: MIT */
/* SVSM conformance: every call with every address that is not the guest's to give. */
#include "tests/guest/svsm-calls.h"

#include <string.h>

static const struct {
    uint32_t protocol, call;
    const char *name;
} calls[] = {
    { 0, SVSM_CORE_REMAP_CA, "6.1 REMAP_CA" },
    { 0, SVSM_CORE_PVALIDATE, "6.2 PVALIDATE" },
    { 0, SVSM_CORE_CREATE_VCPU, "6.3 CREATE_VCPU" },
    { 0, SVSM_CORE_DELETE_VCPU, "6.4 DELETE_VCPU" },
    { 1, SVSM_ATTEST_SERVICES, "7.1 SERVICES" },
    { 1, SVSM_ATTEST_SINGLE_SERVICE, "7.2 SINGLE_SERVICE" },
    { 2, SVSM_VTPM_CMD, "8.2 CMD" },
};

/* RCX alone is hostile; RDX and R8 are what CREATE_VCPU would take */
static bool refuses(uint64_t call, struct arg address)
{
    struct call c = { call, place(address), place((struct arg){ GOOD_2, 0 }), 1,
                      0 };
    uint64_t rax = svsm_call(&c);

    if (rax != ADDRESS && rax != PARAMETER) {
        report(false, "address %lx: RAX %lx", place(address), rax);
        return false;
    }
    return true;
}

/* A page of the guest that no call named stays as it is. */
static bool is_untouched(const uint8_t *page)
{
    for (unsigned i = 0; i < PAGE; i++) {
        if (page[i] != 0x5a) {
            return false;
        }
    }
    return true;
}

void test_hostile(void)
{
    uint8_t *witness = (void *)place((struct arg){ GOOD, 0 });

    memset(witness, 0x5a, PAGE);
    for (unsigned i = 0; i < COUNT(calls); i++) {
        bool good = true;

        for (unsigned a = 0; a < hostile_count; a++) {
            good &= refuses(SVSM_CALL(calls[i].protocol, calls[i].call),
                            hostile_addresses[a]);
        }
        report(good, "%s: all hostile addresses are refused", calls[i].name);
    }
    report(is_untouched(witness), "and nothing else is touched");
    expect(svsm(0, SVSM_CORE_QUERY_PROTOCOL, 1), SVSM_SUCCESS,
           "the SVSM still answers");
}
