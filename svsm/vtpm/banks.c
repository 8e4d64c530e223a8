/* SPDX-License-Identifier: MIT */
/* What the TPM says of its PCR banks.
 *
 * libtpms has four banks and lists them all, whether PCRs are allocated to them
 * or not. Firmware then hashes whatever it measures four times, by code that is
 * compiled for size, for banks that take none of it: a third of a boot. So
 * TPM_CAP_PCRS (TPM 2.0 part 3, TPM2_GetCapability) lists the banks in use, as
 * a TPM does that has no others. The build links each copy of libtpms with one
 * of this, by the linker's --wrap. */
#include <stdint.h>

#define SELECT_SIZE 3
#define BANK_COUNT 4

/* TPMS_PCR_SELECTION and TPML_PCR_SELECTION, as libtpms was compiled */
struct bank {
    uint16_t hash;
    uint8_t size;
    uint8_t select[SELECT_SIZE];
};

struct bank_list {
    uint32_t count;
    struct bank bank[BANK_COUNT];
};

uint8_t __real_PCRCapGetAllocation(uint32_t count, struct bank_list *list);
uint8_t __wrap_PCRCapGetAllocation(uint32_t count, struct bank_list *list);

uint8_t __wrap_PCRCapGetAllocation(uint32_t count, struct bank_list *list)
{
    uint8_t more = __real_PCRCapGetAllocation(count, list);
    uint32_t used = 0;

    for (uint32_t i = 0; i < list->count; i++) {
        const struct bank *b = &list->bank[i];

        if (b->select[0] | b->select[1] | b->select[2]) {
            list->bank[used++] = *b;
        }
    }
    list->count = used;
    return more;
}
