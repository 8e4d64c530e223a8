/* SPDX-License-Identifier: MIT */
/*
 * A relying party of somebody else's, built by what pkg-config says and nothing
 * of this tree: judges the evidence whose members lie in a directory, one file
 * each. usage: libevtpm-consumer DIR. Exit status: the verdict.
 */
#include <libevtpm.h>
#include <stdio.h>
#include <string.h>

static int read_member(const char *dir, const char *name,
                       struct evtpm_blob *out)
{
    struct evtpm_error err = { "" };
    char path[4096];

    snprintf(path, sizeof(path), "%s/%s", dir, name);
    if (evtpm_file_read(path, 1 << 24, out, &err) < 0) {
        fprintf(stderr, "%s\n", err.text);
        return -1;
    }
    return 0;
}

static int read_evidence(const char *dir, struct evtpm_evidence *e)
{
    struct evtpm_blob pcrs = { 0 };

    for (int i = 0; i < EVTPM_EVIDENCE_FIELD_COUNT; i++) {
        const struct evtpm_evidence_field *field = &evtpm_evidence_fields[i];

        if (read_member(dir, field->name, evtpm_evidence_blob(e, field)) < 0) {
            return -1;
        }
    }
    if (read_member(dir, "pcrs", &pcrs) < 0 || pcrs.size != sizeof(e->pcr)) {
        return -1;
    }
    memcpy(e->pcr, pcrs.data, pcrs.size);
    e->pcr_mask = (1u << EVTPM_PCR_COUNT) - 1;
    evtpm_blob_clear(&pcrs);
    return 0;
}

int main(int argc, char **argv)
{
    struct evtpm_blob root = { 0 }, digest = { 0 };
    struct evtpm_evidence evidence = { 0 };
    struct evtpm_policy policy = { .recorded = true };
    struct evtpm_result result;
    int status;

    if (argc != 2 || read_evidence(argv[1], &evidence) < 0 ||
        read_member(argv[1], "root", &root) < 0 ||
        read_member(argv[1], "launch_digest", &digest) < 0 ||
        digest.size != 48) {
        return 1;
    }
    policy.roots = &root;
    policy.root_count = 1;
    policy.launch_digests = (const uint8_t(*)[48])digest.data;
    policy.launch_digest_count = 1;
    status = evtpm_verify(&evidence, &policy, &result);
    printf("libevtpm %d.%d.%d: %s: %s\n", LIBEVTPM_VERSION_MAJOR,
           LIBEVTPM_VERSION_MINOR, LIBEVTPM_VERSION_PATCH,
           evtpm_link_name(result.failed),
           status ? result.link[result.failed].detail : "all links hold");
    evtpm_evidence_clear(&evidence);
    evtpm_blob_clear(&root);
    evtpm_blob_clear(&digest);
    return status;
}
