/* SPDX-License-Identifier: MIT */
/*
 * A libvirt domain for each combination of what a VM can be: files for
 * domain-xml.sh, named after it. usage: domain-samples DIRECTORY
 */
#include <glib.h>
#include <stdio.h>
#include <string.h>

#include "harness/config.h"
#include "harness/domain_xml.h"
#include "harness/tree.h"
#include "lib/id_block.h"

enum launch { LAUNCH_SVSM, LAUNCH_PLAIN, LAUNCH_BIOS, LAUNCH_COUNT };
enum id { ID_NONE, ID_BLOCK, ID_AUTHOR, ID_COUNT };

static const char *const launch_name[] = { "svsm", "igvm", "bios" };
static const char *const id_name[] = { "", "-id", "-author" };

/* Text that XML must not take for its own. */
#define ODD "a<b>&'\"c"

static char *block, *auth[ID_COUNT]; /* base64 */

/* Keys that sign nothing: the form is what counts here. */
static void make_ids(void)
{
    struct evtpm_id id = { .block = { .guest_svn = 1 } };
    block = evtpm_id_encode(&id.block, sizeof(id.block));
    auth[ID_BLOCK] = evtpm_id_encode(&id.auth, sizeof(id.auth));
    id.auth.author_key.curve = 2; /* P-384 */
    auth[ID_AUTHOR] = evtpm_id_encode(&id.auth, sizeof(id.auth));
}

struct sample {
    enum platform platform;
    enum launch launch;
    enum id id;
    gboolean disk, hashes, planes, log, define;
};

/* What vm_options_config() makes no VM of. */
static gboolean makes_sense(const struct sample *s)
{
    return !(s->hashes && s->disk) &&
           !(s->planes &&
             (s->platform != PLATFORM_SNP || s->launch != LAUNCH_SVSM));
}

static char *name_of(const struct sample *s)
{
    return g_strdup_printf("%s-%s%s%s%s%s%s%s", platform_name(s->platform),
                           launch_name[s->launch], s->disk ? "-disk" : "",
                           s->hashes ? "-hashes" : "", id_name[s->id],
                           s->planes ? "-planes" : "", s->log ? "-log" : "",
                           s->define ? "-define" : "");
}

static char *xml_of(const struct sample *s)
{
    struct vm_config c = {
        .name = (char *)"sample",
        .platform = s->platform,
        .qemu = (char *)"/opt/" ODD "/qemu-system-x86_64",
        .memory = 512,
        .cpus = 2,
        .igvm = s->launch == LAUNCH_BIOS ? NULL : (char *)"/srv/a,b.igvm",
        .firmware =
            s->launch == LAUNCH_SVSM ? NULL : (char *)"/srv/" ODD "/OVMF.fd",
        .no_svsm = s->launch != LAUNCH_SVSM,
        .chip = s->platform == PLATFORM_EMULATED ? (char *)"/srv/" ODD : NULL,
        .kernel_hashes = s->hashes,
        .planes = s->planes,
        .define = s->define,
        .debug_read = s->log,
        .id_block = s->id == ID_NONE ? NULL : block,
        .id_auth = auth[s->id],
        .disk = s->disk ? (char *)"/srv/" ODD : NULL,
        .kernel = s->disk ? NULL : (char *)"/srv/" ODD,
        .initrd = s->disk ? NULL : (char *)"/srv/" ODD,
        .append = s->disk ? NULL : (char *)"console=ttyS0 " ODD,
    };
    return domain_xml(&c, s->log ? "/log/" ODD : NULL);
}

static gboolean write_sample(const char *dir, const struct sample *s)
{
    g_autoptr(GError) error = NULL;
    g_autofree char *name = name_of(s);
    g_autofree char *file = g_strconcat(name, ".xml", NULL);
    g_autofree char *path = g_build_filename(dir, file, NULL);
    g_autofree char *xml = xml_of(s);
    if (!tree_write(path, xml, -1, &error)) {
        fprintf(stderr, "%s\n", error->message);
        return FALSE;
    }
    return TRUE;
}

/* Each bit of a number below 32 is one of the yes-or-no members. */
static gboolean write_all(const char *dir)
{
    struct sample s;
    for (int p = PLATFORM_EMULATED; p <= PLATFORM_SNP; p++) {
        for (int l = 0; l < LAUNCH_COUNT; l++) {
            for (int i = 0; i < ID_COUNT * 32; i++) {
                s = (struct sample){ .platform = (enum platform)p,
                                     .launch = (enum launch)l,
                                     .id = (enum id)(i / 32),
                                     .disk = (i & 1) != 0,
                                     .hashes = (i & 2) != 0,
                                     .planes = (i & 4) != 0,
                                     .log = (i & 8) != 0,
                                     .define = (i & 16) != 0 };
                if (makes_sense(&s) && !write_sample(dir, &s)) {
                    return FALSE;
                }
            }
        }
    }
    return TRUE;
}

int main(int argc, char **argv)
{
    if (argc != 2) {
        fputs("usage: domain-samples DIRECTORY\n", stderr);
        return 2;
    }
    make_ids();
    gboolean good = write_all(argv[1]);
    for (int i = 0; i < ID_COUNT; i++) {
        free(auth[i]);
    }
    free(block);
    return good ? 0 : 1;
}
