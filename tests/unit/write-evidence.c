/* SPDX-License-Identifier: MIT */
/* Writes the sample's evidence, root and launch digest into a directory, one
 * member a file, for programs that cannot make it. usage: write-evidence DIR */
#include "tests/unit/evidence-sample.h"

static void put(const char *dir, const char *name, const void *data, gsize size)
{
    g_autofree char *path = g_build_filename(dir, name, NULL);

    g_assert_true(g_file_set_contents(path, data, (gssize)size, NULL));
}

int main(int argc, char **argv)
{
    struct sample s;

    if (argc != 2) {
        return 2;
    }
    sample_chips_create(1);
    sample_init(&s, 0, 0);
    for (int i = 0; i < EVTPM_EVIDENCE_FIELD_COUNT; i++) {
        const struct evtpm_evidence_field *field = &evtpm_evidence_fields[i];
        const struct evtpm_blob *blob = evtpm_evidence_blob(&s.evidence, field);

        put(argv[1], field->name, blob->data, blob->size);
    }
    put(argv[1], "pcrs", s.evidence.pcr, sizeof(s.evidence.pcr));
    put(argv[1], "root", s.chip->ark.data, s.chip->ark.size);
    put(argv[1], "launch_digest", s.launch_digest[0], 48);
    sample_clear(&s);
    sample_chips_remove();
    return 0;
}
