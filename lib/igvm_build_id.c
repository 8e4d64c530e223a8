/* SPDX-License-Identifier: MIT */
/* Builder: the owner's ID block in the file, which must be for that very file. */
#include "lib/igvm_build_internal.h"

#include "lib/id_block.h"
#include "lib/launch_digest.h"

#define MASK 1u /* the one platform: SEV-SNP */

int igvm_write_id(struct igvm_writer *w, const struct evtpm_id *id,
                  struct evtpm_error *err)
{
    struct igvm_snp_id_block header;

    if (!id) {
        return 0;
    }
    evtpm_id_to_igvm(id, &header);
    header.compatibility_mask = MASK;
    return igvm_write_header(w, IGVM_VHT_SNP_ID_BLOCK, &header, sizeof(header),
                             err);
}

int igvm_check_id(const struct igvm_build_options *options,
                  const struct igvm_file *file, struct evtpm_error *err)
{
    uint64_t policy = options->policy ? options->policy : SNP_POLICY_DEFAULT;
    struct launch_digest digest;

    if (!options->id) {
        return 0;
    }
    if (igvm_launch_digest(file, IGVM_PLATFORM_SEV_SNP, &digest, err) < 0) {
        return -1;
    }
    return evtpm_id_check(options->id, digest.ld, policy, err);
}
