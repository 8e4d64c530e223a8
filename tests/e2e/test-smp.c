/* SPDX-License-Identifier: MIT */
/* Linux with several vCPUs: all of them work, at once, off and on; idle ones
 * cost the host nothing. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "harness/artifacts.h"
#include "tests/e2e/e2e.h"

#define MODULE "/usr/lib/modules/evtpm-test.ko"
#define STRESS_SECONDS 20
#define IDLE_SECONDS 5
/* A vCPU that spins takes 100; a timer now and then, 5. */
#define IDLE_PERCENT 40
#define SETTLE_SECONDS 60

static struct vm *boot(guint cpus)
{
    struct vm_config *c = e2e_config();
    c->cpus = cpus;
    c->memory = 512;
    struct vm *vm = e2e_boot(c);
    vm_config_free(c);
    return vm;
}

static void assert_guest(struct vm *vm, const char *command, const char *want)
{
    g_autofree char *out = e2e_guest(vm, "%s", command);
    g_assert_cmpstr(out, ==, want);
}

/* Each CPU can do its work, TPM commands included. */
static void assert_cpus_work(struct vm *vm, guint cpus)
{
    for (guint i = 0; i < cpus; i++) {
        g_autofree char *out = e2e_guest(
            vm, "taskset -c %u tpm2_getrandom --hex 4 && taskset -c %u nproc",
            i, i);
        g_assert_cmpuint(strlen(out), ==, 9);
        g_assert_cmpstr(out + 8, ==, "1");
    }
}

/* What kernels say when taking CPUs off and on goes wrong. */
static void assert_no_complaint(struct vm *vm)
{
    assert_guest(vm,
                 "dmesg | grep -e 'leaking page' -e 'SNP AP' -e WARNING: "
                 "-e BUG: -e 'stalls on CPU' -e 'failed to come online'; true",
                 "");
}

/* From all CPUs at once, with page state changes by the module meanwhile. */
static void stress(struct vm *vm, guint seconds)
{
    g_autofree char *dir = artifacts_build_dir();
    g_autofree char *path =
        g_build_filename(dir, "tests/e2e/guest-stress", NULL);
    g_autoptr(GError) error = NULL;
    e2e_install(vm, path, "/tmp/stress");
    g_autofree char *command = g_strdup_printf(
        "{ insmod " MODULE " flip=%u000 & /tmp/stress %u; s=$?; wait; } && "
        "dmesg | sed -n 's/.*evtpm-test: \\(.*\\) page state changes,/flip "
        "\\1/p' "
        "&& rmmod evtpm-test && exit $s",
        seconds, seconds);
    struct ga_result r;
    gboolean ran = ga_exec(&vm->ga, command, NULL,
                           deadline_in(seconds + E2E_SECONDS), &r, &error);
    g_assert_no_error(error);
    g_assert_true(ran);
    g_autofree char *out =
        g_strndup(g_bytes_get_data(r.out, NULL), g_bytes_get_size(r.out));
    g_test_message("%s%.*s", out, (int)g_bytes_get_size(r.err),
                   (const char *)g_bytes_get_data(r.err, NULL));
    gulong tpm, report, flips, tpm_least, report_least;
    gulong tpm_wrong = 1, report_wrong = 1, flip_wrong = 1;
    g_assert_cmpint(r.status, ==, 0);
    g_assert_cmpint(sscanf(out,
                           "tpm %lu wrong %lu least %lu\n"
                           "report %lu wrong %lu least %lu\n"
                           "flip %lu %lu wrong",
                           &tpm, &tpm_wrong, &tpm_least, &report, &report_wrong,
                           &report_least, &flips, &flip_wrong),
                    ==, 8);
    ga_result_clear(&r);
    g_assert_cmpuint(tpm_wrong + report_wrong + flip_wrong, ==, 0);
    g_assert_cmpuint(MIN(tpm_least, report_least), >, 0);
    g_assert_cmpuint(flips, >, 0);
    assert_no_complaint(vm);
}

/* EVTPM_STRESS_SECONDS asks for a longer one. */
static void test_stress(void)
{
    const char *asked = g_getenv("EVTPM_STRESS_SECONDS");
    struct vm *vm = boot(4);
    stress(vm, asked ? (guint)atoi(asked) : STRESS_SECONDS);
    e2e_vm_end(vm);
}

static void test_sixteen(void)
{
    struct vm *vm = boot(16);
    assert_guest(vm, "nproc", "16");
    assert_cpus_work(vm, 16);
    stress(vm, STRESS_SECONDS / 4);
    e2e_vm_end(vm);
}

/* Processor time of QEMU so far, in clock ticks. */
static gulong ticks(struct vm *vm)
{
    g_autofree char *path = g_strdup_printf("/proc/%d/stat", e2e_vm_pid(vm));
    g_autofree char *text = NULL;
    gulong user = 0, system = 0;
    g_assert_true(g_file_get_contents(path, &text, NULL, NULL));
    const char *rest = strrchr(text, ')');
    g_assert_nonnull(rest);
    g_assert_cmpint(sscanf(rest,
                           ") %*c %*d %*d %*d %*d %*d %*u %*u %*u %*u %*u "
                           "%lu %lu",
                           &user, &system),
                    ==, 2);
    return user + system;
}

/*
 * Of the processor time that this process gets when it does nothing but ask for
 * it, for as long: so a busy host does not make a busy VM look idle.
 */
static gulong percent(struct vm *vm)
{
    gint64 end = g_get_monotonic_time() + IDLE_SECONDS * G_USEC_PER_SEC;
    gulong before = ticks(vm);
    clock_t own = clock();
    while (g_get_monotonic_time() < end) {
        continue;
    }
    own = (clock() - own) / (CLOCKS_PER_SEC / sysconf(_SC_CLK_TCK));
    g_assert_cmpint(own, >, 0);
    return (ticks(vm) - before) * 100 / (gulong)own;
}

/* Boot work goes on for a while after the agent answers. */
static gulong idle_percent(struct vm *vm)
{
    deadline_t end = deadline_in(SETTLE_SECONDS);
    gulong now;
    do {
        now = percent(vm);
        g_test_message("%lu %% of what spinning takes", now);
    } while (now > IDLE_PERCENT && !deadline_passed(end));
    return now;
}

/* vCPUs of Linux that idle or are off, and those of VMPL0 under them, sleep. */
static void assert_idle(struct vm *vm)
{
    g_autofree char *spin =
        e2e_guest(vm, "while :; do :; done >/dev/null 2>&1 & echo $!");
    g_assert_cmpuint(percent(vm), >, IDLE_PERCENT); /* the measure's control */
    g_free(e2e_guest(vm, "kill %s", spin));
    g_assert_cmpuint(idle_percent(vm), <=, IDLE_PERCENT);
}

static void cycle(struct vm *vm, guint times)
{
    g_autofree char *out = e2e_guest(
        vm,
        "cd /sys/devices/system/cpu && i=0 && while [ $i -lt %u ]; do "
        "c=cpu$((i %% 3 + 1)); echo 0 >$c/online && "
        "[ $(cat $c/online) = 0 ] && echo 1 >$c/online || break; "
        "i=$((i + 1)); done; echo $i; cat online",
        times);
    g_autofree char *want = g_strdup_printf("%u\n0-3", times);
    g_assert_cmpstr(out, ==, want);
    assert_no_complaint(vm);
}

/*
 * Off and on by sysfs: each CPU once as Linux does it, then a hundred times
 * with CPUs that halt when they are off. Linux 7.2 itself allows no third
 * start of a CPU: images/guest/evtpm-test.c tells why.
 */
static void test_hotplug(void)
{
    struct vm *vm = boot(4);
    cycle(vm, 3);
    assert_cpus_work(vm, 4);
    g_free(e2e_guest(vm, "insmod " MODULE " park=0x$(sed -n 's/ . "
                         "play_dead_common$//p' /proc/kallsyms)"));
    gint64 begin = g_get_monotonic_time();
    cycle(vm, 100);
    g_test_message("100 times off and on: %.1f s",
                   (double)(g_get_monotonic_time() - begin) / G_USEC_PER_SEC);
    assert_cpus_work(vm, 4);
    assert_guest(vm,
                 "cd /sys/devices/system/cpu && for c in 1 2 3; do "
                 "echo 0 >cpu$c/online; done; cat online",
                 "0");
    assert_idle(vm);
    e2e_vm_end(vm);
}

static void test_idle(void)
{
    struct vm *vm = boot(4);
    assert_idle(vm);
    e2e_vm_end(vm);
}

static const struct e2e_scenario scenarios[] = {
    { "/e2e/smp/hotplug", test_hotplug, 0, 1024 },
    { "/e2e/smp/idle", test_idle, 0, 1024 },
    { "/e2e/smp/stress", test_stress, 0, 1024 },
    { "/e2e/smp/sixteen", test_sixteen, 0, 1024 },
};

int main(int argc, char **argv)
{
    return e2e_main(argc, argv, E2E_TABLE(scenarios));
}
