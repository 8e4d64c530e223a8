/* SPDX-License-Identifier: MIT */
/*
 * Does a disk image have what a guest under an SVSM needs? Judged from what a
 * look at it found: lines
 *
 *   disk BYTES
 *   partition NAME TYPE          TYPE: ext, fat, xfs, btrfs, luks, lvm, ...
 *   system TEXT                  PRETTY_NAME of its os-release
 *   kernel VERSION config|none   with or without a configuration beside it
 *   uki VERSION FILE             a unified kernel image with it, or "unknown"
 *   option VERSION NAME VALUE    of that kernel's configuration: y, m
 *   tool NAME                    a program that is there
 */
#ifndef EVTPM_HARNESS_IMAGE_REPORT_H
#define EVTPM_HARNESS_IMAGE_REPORT_H

#include "harness/fail.h"

/* The oldest Linux with a driver for an SVSM's vTPM. */
#define IMAGE_KERNEL_MAJOR 6
#define IMAGE_KERNEL_MINOR 16

enum image_verdict { IMAGE_OK, IMAGE_MISSING, IMAGE_UNKNOWN, IMAGE_ADVICE };

/* One thing that was looked for. */
struct image_finding {
    enum image_verdict verdict;
    const char *what; /* static */
    char *seen;       /* what was found */
    const char *mend; /* static: what to do, or NULL */
};

struct image_report {
    char *system;        /* or NULL */
    char *kernel;        /* the version that was judged, or NULL */
    GPtrArray *findings; /* struct image_finding */
};

/* The shell script that looks (harness/image-look), for the test image's
 * busybox; the disk is /dev/vda and is not written to. */
extern const char image_look_script[];

/* Judges. The newest kernel counts. */
void image_report_make(struct image_report *report, const char *lines);
void image_report_clear(struct image_report *report);

/* Nothing that is needed is missing, and nothing needed is unknown. */
gboolean image_report_good(const struct image_report *report);

/* For people, and as a JSON object; free with g_free. */
char *image_report_text(const struct image_report *report);
char *image_report_json(const struct image_report *report, const char *file);

#endif
