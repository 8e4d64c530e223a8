/* SPDX-License-Identifier: MIT */
/* Reading logs to be shown. */
#include <string.h>

#include "harness/evidence_json.h"
#include "harness/log_view_priv.h"
#include "lib/file.h"

#define LOGS_MAX (64u << 20)

/* A firmware log begins with an event of PCR 0, IMA's list with one of PCR 10.
 */
static gboolean read_file(struct log_view *v, const char *path,
                          const struct evtpm_blob *file, GError **error)
{
    const char *text = (const char *)file->data;
    gsize blank = 0;
    while (blank < file->size && g_ascii_isspace(text[blank])) {
        blank++;
    }
    if (blank < file->size && text[blank] == '{') {
        return evidence_from_json(text, (gssize)file->size, &v->evidence,
                                  error);
    }
    struct evtpm_blob *to = NULL;
    if (file->size >= 4 && memcmp(file->data, "\0\0\0\0", 4) == 0) {
        to = &v->evidence.event_log;
    } else if (file->size >= 4 && memcmp(file->data, "\012\0\0\0", 4) == 0) {
        to = &v->evidence.ima_log;
    }
    if (!to) {
        return fail(error, HARNESS_ERROR_FAILED,
                    "%s: neither evidence nor a log of firmware or IMA", path);
    }
    return evtpm_blob_set(to, file->data, file->size) ||
           fail(error, HARNESS_ERROR_FAILED, "out of memory");
}

static gboolean open_event_log(struct log_view *v, const char *path,
                               GError **error)
{
    const struct evtpm_blob *log = &v->evidence.event_log;
    struct evtpm_error err = { "" };
    evtpm_pcrs_reset(&v->pcrs);
    if (log->size == 0) {
        return TRUE;
    }
    if (evtpm_eventlog_open(&v->log, log->data, log->size, &err) < 0) {
        return fail(error, HARNESS_ERROR_FAILED, "%s: %s", path, err.text);
    }
    if (evtpm_eventlog_replay(&v->log, EVTPM_SHA256, &v->pcrs, &err) < 0) {
        v->fault = g_strdup(err.text);
    }
    return TRUE;
}

/* Goes over the list until it has led to the evidence's PCR 10, or all of it.
 */
static gboolean open_ima_list(struct log_view *v, const char *path,
                              GError **error)
{
    const struct evtpm_blob *list = &v->evidence.ima_log;
    const gboolean known = v->evidence.pcr_mask & 1u << EVTPM_IMA_PCR;
    struct evtpm_ima_entry entry = { 0 };
    struct evtpm_error err = { "" };
    struct evtpm_pcrs pcrs = v->pcrs;
    size_t offset = 0;
    guint32 count = 0;
    int rc = 1;
    while (rc > 0) {
        if (!v->ima_explains) {
            v->ima_count = count;
            memcpy(v->pcr10, pcrs.value[EVTPM_IMA_PCR], 32);
            v->ima_explains =
                known &&
                memcmp(v->pcr10, v->evidence.pcr[EVTPM_IMA_PCR], 32) == 0;
        }
        rc = evtpm_ima_next(list->data, list->size, &offset, &entry, &err);
        if (rc > 0) {
            count++;
            evtpm_pcr_extend(&pcrs, EVTPM_IMA_PCR, EVTPM_SHA256,
                             entry.template_digest);
        }
    }
    return rc == 0 || fail(error, HARNESS_ERROR_FAILED, "%s: IMA list: %s",
                           path, err.text);
}

struct log_view *log_view_load(const char *path, GError **error)
{
    struct log_view *v = g_new0(struct log_view, 1);
    struct evtpm_error err = { "" };
    struct evtpm_blob file = { 0 };
    gboolean ok = evtpm_file_read(path, LOGS_MAX, &file, &err) == 0
                      ? read_file(v, path, &file, error)
                      : fail_lib(error, &err);
    evtpm_blob_clear(&file);
    if (ok && open_event_log(v, path, error) && open_ima_list(v, path, error)) {
        return v;
    }
    log_view_free(v);
    return NULL;
}

void log_view_free(struct log_view *v)
{
    if (v) {
        evtpm_evidence_clear(&v->evidence);
        g_free(v->fault);
        g_free(v);
    }
}

const guint8 *log_view_pcr(const struct log_view *v, unsigned pcr)
{
    return pcr == EVTPM_IMA_PCR ? v->pcr10 : v->pcrs.value[pcr];
}

const char *log_view_agreement(const struct log_view *v, unsigned pcr)
{
    if (v->fault || !(v->evidence.pcr_mask & 1u << pcr)) {
        return "";
    }
    return memcmp(log_view_pcr(v, pcr), v->evidence.pcr[pcr], 32) == 0
               ? "as in the evidence"
               : "not what the evidence has";
}

gboolean log_view_has_pcr(const struct log_view *v, unsigned pcr)
{
    struct evtpm_event event;
    size_t offset = 0;
    if (pcr == EVTPM_IMA_PCR && v->evidence.ima_log.size) {
        return TRUE;
    }
    while (evtpm_eventlog_next(&v->log, &offset, &event)) {
        if (event.pcr == pcr) {
            return TRUE;
        }
    }
    return FALSE;
}
