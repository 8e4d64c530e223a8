/* SPDX-License-Identifier: MIT */
/*
 * What all scenarios share: a table of them with their needs, a state directory
 * of their own, VMs of the test image, the evtpm program, evidence. A scenario
 * whose needs are not met is skipped, with the reason.
 */
#ifndef EVTPM_TESTS_E2E_H
#define EVTPM_TESTS_E2E_H

#include "harness/attest.h"
#include "harness/guest_tpm.h"
#include "harness/vm.h"

/* Longest that one step may take; a loaded machine with two cores is slow. */
#define E2E_SECONDS 180

/* What a scenario needs besides QEMU, firmware and the test image. */
enum e2e_need {
    E2E_EMULATED = 1,    /* the emulator: its chips, its view of memory */
    E2E_DEBIAN_DISK = 2, /* artifacts/debian.img */
    E2E_PROCESS = 4,     /* QEMU as a process of ours: not by libvirt */
};

struct e2e_scenario {
    const char *path; /* "/e2e/SUBJECT/WHAT-IS-SO" */
    void (*run)(void);
    unsigned needs;  /* e2e_need, ored */
    unsigned memory; /* MiB that its VMs take together; 0: it starts none */
};

/*
 * A program of scenarios: runs those of the table, ends the shared VM, removes
 * the directories. Returns the exit status.
 */
int e2e_main(int argc, char **argv, const struct e2e_scenario *list,
             gsize count);
#define E2E_TABLE(list) (list), G_N_ELEMENTS(list)

/* For programs that add further ones: what e2e_main() is made of. The strings
 * of a scenario are copied, `data` is not. */
void e2e_begin(int *argc, char ***argv);
void e2e_add(const struct e2e_scenario *list, gsize count);
void e2e_add_row(const struct e2e_scenario *scenario,
                 void (*run)(gconstpointer data), gconstpointer data);
int e2e_end(void);

/* The test's own directory, empty at its start, removed at the end. */
const char *e2e_dir(void);

/* The VM of the test image that evtpm launch would start, name "t", with 384
 * MiB; free with vm_config_free(). */
struct vm_config *e2e_config(void);

/* artifacts/debian.img; free with g_free(). */
char *e2e_debian_disk(void);

/* Starts a VM and waits until its guest is up. End it with e2e_vm_end(). */
struct vm *e2e_boot(const struct vm_config *config);
struct vm *e2e_boot_default(void);
/* Only starts it. */
struct vm *e2e_start(const struct vm_config *config);
/* Waits until its guest is up. */
void e2e_up(struct vm *vm);
/* Lets its guest reboot, and waits until it is up again. */
void e2e_reboot(struct vm *vm);
/* vm_free(), after which its QEMU must be gone. */
void e2e_vm_end(struct vm *vm);

/*
 * One VM for all scenarios of a program that only look: booted at first use
 * with debug_read, ended with the program.
 */
struct vm *e2e_shared_vm(void);
/* Another one in its place, which a program started otherwise. */
void e2e_share(struct vm *vm);
/* The shared VM for the scenario that breaks it, and ends it. */
struct vm *e2e_unshare(void);

/* Fails the test if there is an error: with what ended the VM, if that is why,
 * its last console lines and where its logs are. `vm` may be NULL. */
void e2e_check(struct vm *vm, GError *error);

/* What is being done from here on, for whoever reads of a failure. */
void e2e_step(const char *fmt, ...) G_GNUC_PRINTF(1, 2);

/* Runs in the guest; the test fails unless its status is 0. Output without
 * trailing newlines. */
char *e2e_guest(struct vm *vm, const char *fmt, ...) G_GNUC_PRINTF(2, 3);

/* Puts a file of the host's into the guest, executable. */
void e2e_install(struct vm *vm, const char *file, const char *guest_path);

/* "KEY VALUE" lines of a script in the guest; see guest_tpm_run(). */
GHashTable *e2e_tpm(struct vm *vm, const char *fmt, ...) G_GNUC_PRINTF(2, 3);

/* PCRs of the SHA-256 bank; see guest_tpm_pcrs(). */
char *e2e_pcrs(struct vm *vm);

/* Collects evidence from a VM; the test fails if that does not work. */
void e2e_collect(struct vm *vm, struct attest *attest);

/* The policy that an honest VM of this configuration fulfils; strings are kept
 * until the end. */
struct attest_policy e2e_policy(const struct vm_config *config);

/* The outcome of a run of evtpm. */
struct e2e_result {
    int status; /* exit status, 128 + signal */
    char *out, *err;
};
void e2e_result_clear(struct e2e_result *result);

/* Runs "evtpm ARGUMENTS..." (ended by NULL) to its end in e2e_dir(). */
void e2e_evtpm(struct e2e_result *result, ...) G_GNUC_NULL_TERMINATED;
/* The same in the background, with descriptors; see process.h. */
void e2e_evtpm_start(struct process *process, int in, int out, int err,
                     ...) G_GNUC_NULL_TERMINATED;

/* The failure that users must see: this status, one line "evtpm: ...TEXT..."
 * first and no other such line, no VM left. */
void e2e_assert_refused(const struct e2e_result *result, int status,
                        const char *text);

/* A command line, and how it must be refused: rows for e2e_add_refusals(),
 * which also sees that no file is made. */
struct e2e_refusal {
    const char *name;
    const char *argv[8];
    int status;
    const char *text;
};
void e2e_add_refusals(const char *subject, const struct e2e_refusal *rows,
                      gsize count);

/* The same of the error output alone. */
void e2e_assert_error_line(const char *err, const char *text);

/* No VM of ours runs and no directory of one is left. */
void e2e_assert_no_vms(void);

/* Are VMs libvirt's? Then QEMU is no child of ours, so its exit status is not
 * known. */
gboolean e2e_by_libvirt(void);

/* The process id of a VM's QEMU, 0 while there is none. */
pid_t e2e_qemu_pid(const char *name);
pid_t e2e_vm_pid(const struct vm *vm);

/* Waits until this QEMU has ended, and whoever ran it knows. */
void e2e_await_end(const char *name, pid_t pid);

/* The exit status of its QEMU, where that can be known. */
void e2e_assert_exit(const struct vm *vm, int status);
/* What is said of a VM that touched what is not its VMPL's: what the status
 * means, or QEMU's own words. */
const char *e2e_vmpl_fault_text(void);
/* What is said of a VM whose QEMU a signal ended: `by_signal`, where that can
 * be known. */
const char *e2e_killed_text(const char *by_signal);

/* Domains that are there at the first call are none of ours. Not called by who
 * only lists scenarios: libvirt would start a daemon for that. */
void e2e_note_strangers(void);

/* Waits for a condition; the test fails when it does not come true. */
#define e2e_await(condition)                                                   \
    do {                                                                       \
        deadline_t e2e_until = deadline_in(E2E_SECONDS);                       \
        while (!(condition)) {                                                 \
            g_assert_false(deadline_passed(e2e_until));                        \
            g_usleep(20000);                                                   \
        }                                                                      \
    } while (0)

#endif
