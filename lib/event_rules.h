/* SPDX-License-Identifier: MIT */
/*
 * What the firmware's log may, must and must not say: rules on the events of a PCR.
 *
 * Of an event only its PCR and its digest are in the quoted value. Type and text are what
 * whoever handed over the log made of them; so no rule relies on those. A kernel that should not
 * have run cannot be relabelled as something harmless, nor hidden behind a good digest that was
 * extended later: where a PCR has EVTPM_RULE_ONLY, every event in it counts.
 */
#ifndef EVTPM_LIB_EVENT_RULES_H
#define EVTPM_LIB_EVENT_RULES_H

#include "lib/eventlog.h"

enum evtpm_rule_kind {
    /* some event of the PCR has one of the digests */
    EVTPM_RULE_REQUIRE,
    /* no event of the PCR has any of the digests */
    EVTPM_RULE_FORBID,
    /*
     * Each event of the PCR has one of the digests of this PCR's ONLY rules, or is a separator or
     * an action that firmware is known to log, and its digest that of its data.
     */
    EVTPM_RULE_ONLY,
};

struct evtpm_event_rule {
    const char *name; /* for people: "events.kernel" */
    enum evtpm_rule_kind kind;
    unsigned pcr;
    const uint8_t (*digests)[32]; /* SHA-256 bank */
    size_t digest_count;
};

/* What an event is about by its own account: for display, never for a verdict. */
enum evtpm_event_subject {
    EVTPM_SUBJECT_OTHER,
    EVTPM_SUBJECT_APPLICATION,  /* EFI application: boot loader or kernel, PCR 4 */
    EVTPM_SUBJECT_INITRD,       /* Linux's EFI stub, PCR 9 */
    EVTPM_SUBJECT_COMMAND_LINE, /* Linux's EFI stub, PCR 9 */
};
enum evtpm_event_subject evtpm_event_subject(const struct evtpm_event *event);
const char *
evtpm_event_subject_name(enum evtpm_event_subject subject); /* "initrd" */

/*
 * Does the log, which replays to the quoted PCRs, satisfy the rules? Returns 0, or -1 with the
 * first rule that is broken and the event that breaks it.
 */
int evtpm_event_rules_check(const struct evtpm_eventlog *log,
                            const struct evtpm_event_rule *rules, size_t count,
                            struct evtpm_error *err);

/*
 * The digests that a kernel command line may have in a log: Linux's EFI stub measures its load
 * options, UTF-16 with or without NUL; boot loaders measure ASCII. OVMF puts "initrd=initrd "
 * before, older ones " initrd=initrd" behind, what QEMU's -append says. Returns 0 or -1 when
 * the text is not ASCII or longer than 4096 bytes.
 */
#define EVTPM_COMMAND_LINE_DIGESTS 12
int evtpm_command_line_digests(const char *text,
                               uint8_t out[EVTPM_COMMAND_LINE_DIGESTS][32]);

#endif
