/* SPDX-License-Identifier: MIT */
/* evtpm run: the whole story once, stage by stage; the first link that fails
 * ends it. */
#include <stdio.h>
#include <string.h>

#include "harness/attest.h"
#include "harness/canary.h"
#include "harness/command.h"
#include "harness/guest_tpm.h"
#include "harness/igvm_file.h"
#include "harness/judgement.h"
#include "harness/report.h"

struct run {
    struct vm_options options;
    struct report *report;
    struct vm_config *config;
    struct vm *vm;
    struct attest_policy policy;
    char *reference; /* the file that the relying party expects */
    char *root;
    char *fresh_pcrs; /* of the first boot, before anything was done */
    char *first_ek;   /* SHA-256 of the EK that the first attestation showed */
    struct canary canary;
};

static deadline_t limit(const struct run *r)
{
    return deadline_in(r->options.timeout);
}

/* Each stage returns its summary, or NULL with an error. */

static char *stage_igvm(struct run *r, GError **error)
{
    struct igvm_summary summary;
    r->config = vm_options_config(&r->options, error);
    if (!r->config || !igvm_file_summary(r->config->igvm, &summary, error)) {
        return NULL;
    }
    /* what is launched need not be what is expected: attestation must tell */
    struct igvm_summary expected;
    if (!r->reference &&
        !(r->reference = igvm_file_default(&expected, error))) {
        return NULL;
    }
    r->policy.igvm = r->reference;
    r->policy.chip = r->config->chip;
    if (r->config->chip) {
        r->root = g_build_filename(r->config->chip, "ark.pem", NULL);
        r->policy.root = r->root;
    }
    report_fact(r->report, "file", "%s", r->config->igvm);
    report_fact(r->report, "launch digest", "%s", summary.digest_hex);
    return g_strdup_printf("%.1f MiB, all of it measured",
                           (double)summary.size / (1 << 20));
}

static char *stage_launch(struct run *r, GError **error)
{
    r->vm = vm_start(r->config, FALSE, error);
    return r->vm ? g_strdup_printf("%s SEV-SNP, %u MiB, %u vCPU",
                                   platform_name(r->config->platform),
                                   r->config->memory, r->config->cpus)
                 : NULL;
}

static gboolean check_facts(const struct guest_facts *f, GError **error)
{
    if (!strstr(f->driver, "svsm")) {
        return fail(error, HARNESS_ERROR_FAILED,
                    "/dev/tpm0 is driven by \"%s\", not by the SVSM driver",
                    f->driver);
    }
    if (!*f->vmpl || strcmp(f->vmpl, "0") == 0) {
        return fail(error, HARNESS_ERROR_FAILED,
                    "Linux says that it runs at VMPL \"%s\"", f->vmpl);
    }
    return strcmp(f->events, "0") != 0 ||
           fail(error, HARNESS_ERROR_FAILED,
                "the firmware left no event log: it did not measure the boot");
}

static char *stage_boot(struct run *r, GError **error)
{
    struct guest_facts f = { 0 };
    if (!vm_wait_agent(r->vm, limit(r), error) ||
        !guest_facts_get(r->vm, limit(r), &f, error)) {
        return NULL;
    }
    report_fact(r->report, "kernel", "Linux %s at VMPL%s", f.kernel, f.vmpl);
    report_fact(r->report, "memory encryption", "%s", f.encryption);
    report_fact(r->report, "/dev/tpm0", "driver %s", f.driver);
    report_fact(r->report, "event log", "%s bytes", f.events);
    g_autofree char *timeline = boot_watch_timeline(
        &r->vm->boot, f.uptime, boot_watch_now(&r->vm->boot));
    if (timeline) {
        report_fact(r->report, "stages over at", "%s", timeline);
    }
    gboolean ok = check_facts(&f, error);
    guest_facts_clear(&f);
    if (ok) {
        r->fresh_pcrs = guest_tpm_pcrs(r->vm, limit(r), error);
    }
    if (r->fresh_pcrs) {
        report_data(r->report, "pcrs", r->fresh_pcrs);
    }
    return ok && r->fresh_pcrs
               ? g_strdup("SVSM at VMPL0, firmware, Linux userspace")
               : NULL;
}

static char *stage_tpm(struct run *r, GError **error)
{
    for (size_t i = 0; i < tpm_works_count; i++) {
        const struct tpm_work *w = &tpm_works[i];
        g_autoptr(GHashTable) t =
            guest_tpm_run(r->vm, w->script, limit(r), error);
        g_autofree char *seen = t ? w->judge(t, error) : NULL;
        if (!seen) {
            g_prefix_error(error, "%s: ", w->title);
            return NULL;
        }
        report_fact(r->report, w->title, "%s", seen);
    }
    return g_strdup_printf("%zu kinds of work, all results right",
                           tpm_works_count);
}

static void report_links(struct run *r, const struct attest *a)
{
    static const char *const status[] = { "skipped", "ok", "FAILED" };
    for (int i = 0; i < EVTPM_LINK_COUNT; i++) {
        const struct evtpm_link_result *l = &a->result.link[i];
        if (judgement_not_asked(a, (enum evtpm_link)i)) {
            continue;
        }
        report_fact(r->report, evtpm_link_name((enum evtpm_link)i), "%s: %s",
                    status[l->status],
                    l->status == EVTPM_PASSED
                        ? evtpm_link_claim((enum evtpm_link)i)
                        : l->detail);
    }
}

static char *ek_hash(const struct attest *a)
{
    return g_compute_checksum_for_data(G_CHECKSUM_SHA256,
                                       a->evidence.ek_public.data,
                                       a->evidence.ek_public.size);
}

/* A verified exchange: the EK's hash, or NULL. */
static char *attest_once(struct run *r, gboolean details, GError **error)
{
    struct attest a;
    char *ek = NULL;
    if (!attest_collect(r->vm, limit(r), &a, error)) {
        return NULL;
    }
    if (attest_verify(&a, &r->policy, FALSE, error)) {
        g_autofree char *why = attest_failure(&a, &r->policy, r->config->igvm);
        if (details || why) {
            report_links(r, &a);
        }
        if (why) {
            fail(error, HARNESS_ERROR_FAILED, "%s", why);
        } else {
            ek = ek_hash(&a);
        }
    }
    attest_clear(&a);
    return ek;
}

static char *stage_attest(struct run *r, GError **error)
{
    r->first_ek = attest_once(r, TRUE, error);
    return r->first_ek ? g_strdup_printf("every link holds%s",
                                         r->root ? "; the root is the "
                                                   "emulated chip's, as named"
                                                 : "")
                       : NULL;
}

static char *stage_plant(struct run *r, GError **error)
{
    return canary_plant(r->vm, limit(r), &r->canary, error)
               ? g_strdup("EK, NV index, persistent key, PCR, sealed object")
               : NULL;
}

/* All items must be there, or none. */
static gboolean look(struct run *r, gboolean expected, GError **error)
{
    struct canary_view view;
    gboolean ok = TRUE;
    if (!canary_look(r->vm, limit(r), &r->canary, &view, error)) {
        return FALSE;
    }
    for (int i = 0; i < CANARY_ITEM_COUNT; i++) {
        const char *name = canary_item_name((enum canary_item)i);
        report_fact(r->report, name, "%s", view.detail[i]);
        if (ok && view.there[i] != expected) {
            ok = fail(error, HARNESS_ERROR_FAILED,
                      expected ? "%s: lost within one boot (%s)"
                               : "%s: survived the reboot (%s)",
                      name, view.detail[i]);
        }
    }
    canary_view_clear(&view);
    return ok;
}

static char *stage_control(struct run *r, GError **error)
{
    return look(r, TRUE, error) ? g_strdup("all still there") : NULL;
}

static char *stage_reboot(struct run *r, GError **error)
{
    return vm_reboot(r->vm, limit(r), error) &&
                   vm_wait_agent(r->vm, limit(r), error)
               ? g_strdup_printf("same VM, same IGVM file, boot %u",
                                 r->vm->config->boots)
               : NULL;
}

static char *stage_forgotten(struct run *r, GError **error)
{
    g_autofree char *pcrs = guest_tpm_pcrs(r->vm, limit(r), error);
    if (!pcrs) {
        return NULL;
    }
    if (strcmp(pcrs, r->fresh_pcrs) != 0) {
        fail(error, HARNESS_ERROR_FAILED,
             "the PCRs are not those of an identical fresh boot");
        return NULL;
    }
    report_fact(r->report, "PCRs", "all 24 as after the first boot");
    return look(r, FALSE, error) ? g_strdup("nothing is left") : NULL;
}

static char *stage_again(struct run *r, GError **error)
{
    g_autofree char *ek = attest_once(r, FALSE, error);
    if (ek && strcmp(ek, r->first_ek) == 0) {
        fail(error, HARNESS_ERROR_FAILED,
             "the same endorsement key was attested in both boots");
        return NULL;
    }
    return ek ? g_strdup("every link holds, for another endorsement key")
              : NULL;
}

static char *stage_stop(struct run *r, GError **error)
{
    return vm_stop(r->vm, 0, error) ? g_strdup("the VM is gone") : NULL;
}

static const struct {
    const char *id, *title;
    char *(*run)(struct run *r, GError **error);
} stages[] = {
    { "igvm", "IGVM file", stage_igvm },
    { "launch", "launch", stage_launch },
    { "boot", "boot", stage_boot },
    { "tpm", "TPM work in the guest", stage_tpm },
    { "attest", "attestation from outside", stage_attest },
    { "plant", "things left in the TPM", stage_plant },
    { "control", "looked for in the same boot", stage_control },
    { "reboot", "reboot", stage_reboot },
    { "forgotten", "looked for after the reboot", stage_forgotten },
    { "attest-again", "attestation of the second boot", stage_again },
    { "stop", "stop", stage_stop },
};

static gboolean run_stages(struct run *r, GError **error)
{
    for (size_t i = 0; i < G_N_ELEMENTS(stages); i++) {
        g_autoptr(GError) local = NULL;
        report_begin(r->report, stages[i].id, stages[i].title);
        g_autofree char *summary = stages[i].run(r, &local);
        if (!summary) {
            report_fail(r->report, local);
            g_propagate_prefixed_error(error, g_steal_pointer(&local),
                                       "%s: ", stages[i].title);
            return FALSE;
        }
        report_end(r->report, TRUE, "%s", summary);
    }
    return TRUE;
}

static void run_clear(struct run *r)
{
    vm_free(r->vm);
    vm_config_free(r->config);
    vm_options_clear(&r->options);
    canary_clear(&r->canary);
    report_free(r->report);
    g_free(r->reference);
    g_free(r->root);
    g_free(r->fresh_pcrs);
    g_free(r->first_ek);
}

int cmd_run(int argc, char **argv, GError **error)
{
    struct run r = { .options = VM_OPTIONS_INIT };
    gboolean json = FALSE;
    const GOptionEntry entries[] = {
        { "json", 0, 0, G_OPTION_ARG_NONE, &json,
          "print the report as JSON; progress goes to standard error", NULL },
        { "memory", 'm', 0, G_OPTION_ARG_STRING, &r.options.memory,
          "guest memory, MiB or with M or G (default: 512M)", "M" },
        { "igvm", 0, 0, G_OPTION_ARG_FILENAME, &r.options.igvm,
          "launch this IGVM file (default: one of this build)", "F" },
        { "reference", 0, 0, G_OPTION_ARG_FILENAME, &r.reference,
          "expect the launch digest of this IGVM file (default: the one of "
          "this build)",
          "F" },
        { "platform", 0, 0, G_OPTION_ARG_STRING, &r.options.platform,
          "emulated (default), snp or auto", "P" },
        { "chip", 0, 0, G_OPTION_ARG_FILENAME, &r.options.chip,
          "directory of the emulated chip", "DIR" },
        BACKEND_OPTIONS(&r.options.place),
        { "timeout", 't', 0, G_OPTION_ARG_DOUBLE, &r.options.timeout,
          "limit for each stage (default: 120)", "SECONDS" },
        { NULL },
    };
    if (command_options(&argc, &argv, entries, "run [OPTIONS]",
                        "Launches a confidential VM, uses its TPM, attests "
                        "it, reboots it and shows that the TPM forgot. Exit "
                        "status 0 means that every single check held.",
                        0, 0, error) < 0) {
        vm_options_clear(&r.options);
        return -1;
    }
    r.report = report_new("run", json ? stderr : stdout);
    gboolean ok = run_stages(&r, error);
    if (!ok && r.vm) {
        vm_explain(r.vm, error);
    }
    if (json) {
        g_autofree char *text = report_json(r.report, ok);
        puts(text);
    } else if (ok) {
        printf("all %zu stages passed in %.1f s\n", G_N_ELEMENTS(stages),
               report_seconds(r.report));
    }
    run_clear(&r);
    return ok ? 0 : -1;
}
