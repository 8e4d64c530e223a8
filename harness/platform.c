/* SPDX-License-Identifier: MIT */
/* Choosing the platform. */
#include "harness/platform.h"

#include <string.h>
#include <unistd.h>

#include "harness/fail.h"

const char *platform_name(enum platform platform)
{
    return platform == PLATFORM_SNP ? "snp" : "emulated";
}

gboolean platform_snp_available(void)
{
    g_autofree char *text = NULL;
    return access("/dev/kvm", R_OK | W_OK) == 0 &&
           access("/dev/sev", R_OK | W_OK) == 0 &&
           g_file_get_contents("/sys/module/kvm_amd/parameters/sev_snp", &text,
                               NULL, NULL) &&
           strchr("Yy1", text[0]) != NULL && text[0] != '\0';
}

gboolean platform_check_here(enum platform platform, GError **error)
{
    return platform != PLATFORM_SNP || platform_snp_available() ||
           fail(error, HARNESS_ERROR_FAILED,
                "this machine starts no SEV-SNP guests (evtpm doctor says "
                "why); evtpm launch --dry-run shows what would be run");
}

gboolean platform_parse(const char *text, enum platform *platform,
                        GError **error)
{
    if (strcmp(text, "emulated") == 0) {
        *platform = PLATFORM_EMULATED;
    } else if (strcmp(text, "snp") == 0) {
        *platform = PLATFORM_SNP;
    } else if (strcmp(text, "auto") == 0) {
        *platform = platform_snp_available() ? PLATFORM_SNP : PLATFORM_EMULATED;
    } else {
        return fail(error, HARNESS_ERROR_USAGE,
                    "unknown platform \"%s\": emulated, snp or auto", text);
    }
    return TRUE;
}
