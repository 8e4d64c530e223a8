/* SPDX-License-Identifier: MIT */
/*
 * evtpm image prepare: tells what a disk image lacks for a guest under an SVSM.
 * It is looked at by a VM of the test image: no root is needed, and whatever
 * its file systems do to a kernel, they do to that one.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "harness/command.h"
#include "harness/image_report.h"
#include "harness/vm.h"

#define QCOW2_MAGIC "QFI\xfb"

/* "qcow2" or "raw"; NULL with an error when it is no image at all. The format
 * is never guessed by QEMU: a raw disk's owner could write a header to it that
 * names other files. */
static const char *image_format(const char *path, GError **error)
{
    char magic[4] = { 0 };
    struct stat st;
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    if (fd < 0 || fstat(fd, &st) < 0) {
        fail_errno(error, errno, "%s", path);
        if (fd >= 0) {
            close(fd);
        }
        return NULL;
    }
    ssize_t n = read(fd, magic, sizeof(magic));
    close(fd);
    if (!S_ISREG(st.st_mode) || n != sizeof(magic)) {
        fail(error, HARNESS_ERROR_FAILED, "%s: not a disk image (raw, qcow2)",
             path);
        return NULL;
    }
    return memcmp(magic, QCOW2_MAGIC, 4) == 0 ? "qcow2" : "raw";
}

/* A comma in a QEMU option's value is written twice. */
static char *drive_option(const char *path, const char *format)
{
    g_autofree char *absolute = g_canonicalize_filename(path, NULL);
    g_auto(GStrv) parts = g_strsplit(absolute, ",", -1);
    g_autofree char *escaped = g_strjoinv(",,", parts);
    return g_strdup_printf("if=none,id=image,readonly=on,format=%s,file=%s",
                           format, escaped);
}

static struct vm_config *looker(const char *path, GError **error)
{
    const struct vm_options options = { .cpus = 1, .no_svsm = TRUE };
    const char *format = image_format(path, error);
    struct vm_config *c = format ? vm_options_config(&options, error) : NULL;
    if (c) {
        g_autofree char *drive = drive_option(path, format);
        const char *const extra[] = { "-drive", drive, "-device",
                                      "virtio-blk-pci,drive=image,romfile=",
                                      NULL };
        c->extra = g_strdupv((char **)extra);
    }
    return c;
}

static char *look(const char *path, double seconds, GError **error)
{
    struct vm_config *config = looker(path, error);
    struct vm *vm = config ? vm_start(config, FALSE, error) : NULL;
    char *lines = NULL;
    if (vm && vm_wait_agent(vm, deadline_in(seconds), error)) {
        lines = ga_shell(&vm->ga, deadline_in(seconds), error, "%s",
                         image_look_script);
        if (!lines) {
            vm_explain(vm, error);
        }
    }
    vm_free(vm);
    vm_config_free(config);
    return lines;
}

static int prepare(const char *path, double seconds, gboolean json,
                   GError **error)
{
    struct image_report report;
    g_autofree char *lines = look(path, seconds, error);
    if (!lines) {
        return -1;
    }
    image_report_make(&report, lines);
    g_autofree char *text =
        json ? image_report_json(&report, path) : image_report_text(&report);
    puts(json ? text : g_strchomp(text));
    gboolean good = image_report_good(&report);
    image_report_clear(&report);
    if (!good) {
        fail(error, HARNESS_ERROR_FAILED,
             "%s: not ready for a guest under an SVSM", path);
    }
    return good ? 0 : -1;
}

static int image_prepare(int argc, char **argv, GError **error)
{
    gboolean json = FALSE;
    double seconds = 120;
    const GOptionEntry entries[] = {
        { "json", 0, 0, G_OPTION_ARG_NONE, &json, "print JSON", NULL },
        { "timeout", 't', 0, G_OPTION_ARG_DOUBLE, &seconds,
          "limit for the look (default: 120)", "SECONDS" },
        { NULL },
    };
    if (command_options(&argc, &argv, entries, "image prepare [OPTIONS] FILE",
                        "Looks into a disk image, raw or qcow2, and tells what "
                        "it lacks for a guest under an SVSM. The image is not "
                        "changed.",
                        1, 1, error) < 0) {
        return -1;
    }
    if (seconds <= 0) {
        fail(error, HARNESS_ERROR_USAGE, "--timeout must be positive");
        return -1;
    }
    return prepare(argv[1], seconds, json, error);
}

int cmd_image(int argc, char **argv, GError **error)
{
    static const struct subcommand sub[] = {
        { "prepare", image_prepare, "tell what a disk image lacks" },
    };
    return command_group("image", sub, G_N_ELEMENTS(sub), argc, argv, error);
}
