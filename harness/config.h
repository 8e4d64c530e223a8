/* SPDX-License-Identifier: MIT */
/*
 * What a VM is: everything needed to start it again, and what vm.json holds.
 * Paths are absolute.
 */
#ifndef EVTPM_HARNESS_CONFIG_H
#define EVTPM_HARNESS_CONFIG_H

#include <json-glib/json-glib.h>

#include "harness/platform.h"

#define VM_MEMORY_DEFAULT 512 /* MiB */
#define VM_MEMORY_MIN                                                          \
    192 /* what firmware, kernel and initramfs of the test image need */
#define VM_MEMORY_MAX (1024 * 1024)
#define VM_CPUS_MAX 64

struct vm_config {
    char *name;
    char *backend; /* what runs it, as backend_find() takes it */
    char *connect; /* libvirt: the URI, or NULL for its default */
    enum platform platform;
    char *qemu;     /* program */
    char *igvm;     /* the file that is launched; NULL: the firmware, -bios */
    char *firmware; /* no_svsm: the image */
    char *kernel;   /* these three, or disk, or nothing */
    char *initrd;
    char *append;
    char *disk;
    char *network;   /* NULL: none; "user": QEMU's own, see cmdline.c */
    char *chip;      /* emulated: the processor's identity */
    char *id_block;  /* base64, as QEMU takes it, with id_auth; or NULL */
    char *id_auth;
    unsigned memory; /* MiB */
    unsigned cpus;
    gboolean no_svsm;       /* firmware and system run at VMPL0, without TPM */
    gboolean kernel_hashes; /* kernel, initrd and append are measured at launch
                             */
    gboolean debug_read;    /* tests: the host may read private memory by an x-
                               command */
    gint64 log_limit; /* bytes that each log may take, for tests; 0: the default
                       */
    gboolean planes;        /* snp: QEMU and KVM switch VMPLs (device-plane) */
    gboolean define;        /* libvirt: the domain outlives its runs */
    GStrv extra; /* further QEMU arguments, for tests and debugging */
    /* state, not configuration */
    pid_t pid; /* QEMU */
    pid_t
        supervisor; /* the command that restarts it at a guest reset, 0: none */
    unsigned boots;
    gint64 started; /* of this boot, Unix time in microseconds */
};

void vm_config_clear(struct vm_config *config);
struct vm_config *vm_config_copy(const struct vm_config *config);
void vm_config_free(struct vm_config *config);

/* Limits, files that must be there, combinations that make no sense: one line
 * each. */
gboolean vm_config_check(const struct vm_config *config, GError **error);

/* The record as JSON; free with g_free. From JSON: NULL if that is no record.
 */
char *vm_config_to_json(const struct vm_config *config, gboolean pretty);
struct vm_config *vm_config_from_json(const char *text);

/* vm.json in a VM's directory. */
gboolean vm_config_save(const struct vm_config *config, const char *dir,
                        GError **error);
struct vm_config *vm_config_load(const char *dir, GError **error);

#endif
