/* SPDX-License-Identifier: MIT */
/* What differs between AMD products in reports: names, CPUID identity, TCB
 * layout. */
#include "lib/report.h"

#include <stdio.h>
#include <string.h>
#include <strings.h>

static const struct product {
    const char *name;
    struct snp_fms fms;
    size_t chip_id_size;
} products[SNP_PRODUCT_COUNT] = {
    [SNP_PRODUCT_MILAN] = { "Milan", { 0x19, 0x01, 1 }, 64 },
    [SNP_PRODUCT_GENOA] = { "Genoa", { 0x19, 0x11, 1 }, 64 },
    [SNP_PRODUCT_TURIN] = { "Turin", { 0x1a, 0x02, 1 }, 8 },
};

const char *snp_product_name(enum snp_product product)
{
    return product < SNP_PRODUCT_COUNT ? products[product].name : NULL;
}

bool snp_product_parse(const char *name, enum snp_product *product)
{
    size_t len = strcspn(name, "-");

    for (int i = 0; i < SNP_PRODUCT_COUNT; i++) {
        if (strlen(products[i].name) == len &&
            strncasecmp(products[i].name, name, len) == 0) {
            *product = i;
            return true;
        }
    }
    return false;
}

struct snp_fms snp_product_fms(enum snp_product product)
{
    return products[product].fms;
}

size_t snp_product_chip_id_size(enum snp_product product)
{
    return products[product].chip_id_size;
}

struct snp_tcb snp_tcb_decode(enum snp_product product, const uint8_t raw[8])
{
    struct snp_tcb tcb = { .microcode = raw[7] };

    if (product == SNP_PRODUCT_TURIN) {
        tcb.fmc = raw[0];
        tcb.bootloader = raw[1];
        tcb.tee = raw[2];
        tcb.snp = raw[3];
    } else {
        tcb.bootloader = raw[0];
        tcb.tee = raw[1];
        tcb.snp = raw[6];
    }
    return tcb;
}

void snp_tcb_encode(enum snp_product product, const struct snp_tcb *tcb,
                    uint8_t raw[8])
{
    memset(raw, 0, 8);
    raw[7] = tcb->microcode;
    if (product == SNP_PRODUCT_TURIN) {
        raw[0] = tcb->fmc;
        raw[1] = tcb->bootloader;
        raw[2] = tcb->tee;
        raw[3] = tcb->snp;
    } else {
        raw[0] = tcb->bootloader;
        raw[1] = tcb->tee;
        raw[6] = tcb->snp;
    }
}

bool snp_tcb_at_least(const struct snp_tcb *tcb, const struct snp_tcb *floor)
{
    return tcb->fmc >= floor->fmc && tcb->bootloader >= floor->bootloader &&
           tcb->tee >= floor->tee && tcb->snp >= floor->snp &&
           tcb->microcode >= floor->microcode;
}

char *snp_tcb_format(enum snp_product product, const struct snp_tcb *tcb,
                     char *out, size_t size)
{
    char fmc[16] = "";

    if (product == SNP_PRODUCT_TURIN) {
        snprintf(fmc, sizeof(fmc), "fmc %u, ", tcb->fmc);
    }
    snprintf(out, size, "%sbootloader %u, tee %u, snp %u, microcode %u", fmc,
             tcb->bootloader, tcb->tee, tcb->snp, tcb->microcode);
    return out;
}

/* Family 19h: models 0-f Milan, 10-1f and a0-af Genoa; family 1ah: 0-11 Turin.
 */
static bool product_of_fms(uint8_t family, uint8_t model,
                           enum snp_product *product)
{
    if (family == 0x19 && model <= 0x0f) {
        *product = SNP_PRODUCT_MILAN;
    } else if (family == 0x19 && ((model >= 0x10 && model <= 0x1f) ||
                                  (model >= 0xa0 && model <= 0xaf))) {
        *product = SNP_PRODUCT_GENOA;
    } else if (family == 0x1a && model <= 0x11) {
        *product = SNP_PRODUCT_TURIN;
    } else {
        return false;
    }
    return true;
}

bool snp_report_product(const struct snp_attestation_report *report,
                        enum snp_product *product)
{
    static const uint8_t zero[64];

    if (report->version >= 3) {
        return product_of_fms(report->cpuid_fam_id, report->cpuid_mod_id,
                              product);
    }
    if (memcmp(report->chip_id, zero, 64) != 0 &&
        memcmp(report->chip_id + 8, zero, 56) == 0) {
        *product = SNP_PRODUCT_TURIN;
        return true;
    }
    return false;
}
