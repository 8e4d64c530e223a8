/* SPDX-License-Identifier: MIT */
/* What each IGVM variable header type is called, how long it is, where its common fields lie. */
#include "lib/igvm_internal.h"

#define NONE IGVM_NO_FIELD

#define FIRST_INIT 0x101u
static const struct igvm_rule init_rules[] = {
    [IGVM_VHT_GUEST_POLICY - FIRST_INIT] = { "GUEST_POLICY", 16, 8, NONE },
    [IGVM_VHT_RELOCATABLE_REGION - FIRST_INIT] = { "RELOCATABLE_REGION", 48, 0,
                                                   NONE },
    [IGVM_VHT_PAGE_TABLE_RELOCATION - FIRST_INIT] = { "PAGE_TABLE_RELOCATION",
                                                      32, 0, NONE },
    [IGVM_VHT_CORIM_DOCUMENT - FIRST_INIT] = { "CORIM_DOCUMENT", 16, 0, 4 },
    [IGVM_VHT_CORIM_SIGNATURE - FIRST_INIT] = { "CORIM_SIGNATURE", 16, 0, 4 },
    [IGVM_VHT_CCA_POLICY - FIRST_INIT] = { "CCA_POLICY", 32, 0, NONE },
};

#define FIRST_DIRECTIVE 0x301u
#define PARAMETER(type, text) \
    [type - FIRST_DIRECTIVE] = { text, 8, NONE, NONE }
static const struct igvm_rule directive_rules[] = {
    [IGVM_VHT_PARAMETER_AREA - FIRST_DIRECTIVE] = { "PARAMETER_AREA", 16, NONE,
                                                    12 },
    [IGVM_VHT_PAGE_DATA - FIRST_DIRECTIVE] = { "PAGE_DATA", 24, 8, 12 },
    [IGVM_VHT_PARAMETER_INSERT - FIRST_DIRECTIVE] = { "PARAMETER_INSERT", 16,
                                                      8, NONE },
    [IGVM_VHT_VP_CONTEXT - FIRST_DIRECTIVE] = { "VP_CONTEXT", 20, 8, 12 },
    [IGVM_VHT_REQUIRED_MEMORY - FIRST_DIRECTIVE] = { "REQUIRED_MEMORY", 24, 8,
                                                     NONE },
    PARAMETER(IGVM_VHT_VP_COUNT, "VP_COUNT"),
    PARAMETER(IGVM_VHT_SRAT, "SRAT"),
    PARAMETER(IGVM_VHT_MADT, "MADT"),
    PARAMETER(IGVM_VHT_MMIO_RANGES, "MMIO_RANGES"),
    [IGVM_VHT_SNP_ID_BLOCK - FIRST_DIRECTIVE] = { "SNP_ID_BLOCK", 696, 0,
                                                  NONE },
    PARAMETER(IGVM_VHT_MEMORY_MAP, "MEMORY_MAP"),
    [IGVM_VHT_ERROR_RANGE - FIRST_DIRECTIVE] = { "ERROR_RANGE", 16, 8, NONE },
    PARAMETER(IGVM_VHT_COMMAND_LINE, "COMMAND_LINE"),
    PARAMETER(IGVM_VHT_SLIT, "SLIT"),
    PARAMETER(IGVM_VHT_PPTT, "PPTT"),
    [IGVM_VHT_VBS_MEASUREMENT - FIRST_DIRECTIVE] = { "VBS_MEASUREMENT", 864, 0,
                                                     NONE },
    PARAMETER(IGVM_VHT_DEVICE_TREE, "DEVICE_TREE"),
    PARAMETER(IGVM_VHT_ENVIRONMENT_INFO, "ENVIRONMENT_INFO"),
};

static const struct igvm_rule platform_rule = { "SUPPORTED_PLATFORM", 16, 0,
                                                NONE };

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))

const struct igvm_rule *igvm_rule(uint32_t type)
{
    const struct igvm_rule *rule = NULL;

    if (type == IGVM_VHT_SUPPORTED_PLATFORM) {
        return &platform_rule;
    }
    if (type >= FIRST_INIT && type - FIRST_INIT < COUNT(init_rules)) {
        rule = &init_rules[type - FIRST_INIT];
    } else if (type >= FIRST_DIRECTIVE &&
               type - FIRST_DIRECTIVE < COUNT(directive_rules)) {
        rule = &directive_rules[type - FIRST_DIRECTIVE];
    }
    return rule && rule->name ? rule : NULL;
}

const char *igvm_type_name(uint32_t type)
{
    const struct igvm_rule *rule = igvm_rule(type & ~IGVM_VHT_OPTIONAL);

    return rule ? rule->name : NULL;
}

const char *igvm_platform_name(uint8_t type)
{
    static const char *const names[] = { "native",  "VSM", "SEV-SNP", "TDX",
                                         "SEV",     "SEV-ES", "CCA" };

    return type < COUNT(names) ? names[type] : NULL;
}

/* Bitwise CRC over a nibble table: small, and headers are small too. */
uint32_t igvm_crc32(uint32_t crc, const void *data, size_t size)
{
    static const uint32_t nibble[16] = {
        0x00000000, 0x1db71064, 0x3b6e20c8, 0x26d930ac, 0x76dc4190, 0x6b6b51f4,
        0x4db26158, 0x5005713c, 0xedb88320, 0xf00f9344, 0xd6d6a3e8, 0xcb61b38c,
        0x9b64c2b0, 0x86d3d2d4, 0xa00ae278, 0xbdbdf21c,
    };
    const uint8_t *p = data;

    crc = ~crc;
    while (size--) {
        crc ^= *p++;
        crc = (crc >> 4) ^ nibble[crc & 15];
        crc = (crc >> 4) ^ nibble[crc & 15];
    }
    return ~crc;
}
