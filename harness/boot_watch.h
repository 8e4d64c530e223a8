/* SPDX-License-Identifier: MIT */
/*
 * When a booting VM came how far: its console is looked at while the harness
 * waits for the guest's agent. SVSM and test image say on the console that they
 * hand over; firmware says nothing then, so when the kernel began is asked of
 * the kernel.
 */
#ifndef EVTPM_HARNESS_BOOT_WATCH_H
#define EVTPM_HARNESS_BOOT_WATCH_H

#include <glib.h>

/* Seconds since QEMU was started at which a stage was over; 0: not seen. */
struct boot_watch {
    gint64 start;  /* monotonic time of QEMU's start, microseconds */
    gint64 from;   /* where its console begins in the log, bytes */
    double svsm;   /* the guest's first instruction at its VMPL */
    double kernel; /* the first program of the test image runs */
    double agent;  /* it answers */
};

/* QEMU is about to start; what the log has already is of earlier boots. */
void boot_watch_start(struct boot_watch *watch, const char *console_log);
/* Looks at the log of the console; cheap once all was seen. */
void boot_watch_look(struct boot_watch *watch, const char *console_log);
/* The agent answered. */
void boot_watch_agent(struct boot_watch *watch);

/* The same of text that is there at second `now`, for tests. */
void boot_watch_text(struct boot_watch *watch, const char *text, double now);

/*
 * "svsm=0.78 firmware=8.20 kernel=13.40 userspace=13.77": the stages that were
 * seen, each with the second at which it was over. `uptime`: of the guest's
 * kernel, now, at second `now`; 0: not known, then firmware and kernel are one
 * stage. NULL when nothing was seen. Free with g_free.
 */
char *boot_watch_timeline(const struct boot_watch *watch, double uptime,
                          double now);

/* Seconds since the start. */
double boot_watch_now(const struct boot_watch *watch);

#endif
