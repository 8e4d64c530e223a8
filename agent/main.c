/* SPDX-License-Identifier: MIT */
/*
 * evtpm-agent, in the guest: collects what a relying party needs to trust it,
 * and opens the secret that comes for that.
 *
 * usage: evtpm-agent ak | collect NONCE CREDENTIAL | unwrap FILE
 *
 * Does what images/guest/evtpm-evidence does with tpm2-tools, which see; the
 * same arguments, environment and output. One process and few TPM commands:
 * under emulation each costs.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <openssl/crypto.h>

#include "agent/base64.h"
#include "agent/credential.h"
#include "agent/document.h"
#include "agent/kernel_file.h"
#include "agent/keys.h"
#include "agent/quote.h"
#include "agent/state.h"
#include "agent/tpm.h"
#include "agent/tsm.h"
#include "agent/unwrap.h"

#define LOG_MAX 0x4000000
#define ANSWER_MAX 0x100000
#define USAGE "usage: evtpm-agent ak | collect NONCE CREDENTIAL | unwrap FILE"

static const char *environment(const char *name, const char *otherwise)
{
    const char *value = getenv(name);

    return value && *value ? value : otherwise;
}

static int open_tpm(struct tpm *tpm, struct evtpm_error *err)
{
    return tpm_open(tpm, environment("EVTPM_TCTI", "device:/dev/tpmrm0"), err);
}

static int ak(const char *state, struct evtpm_evidence *e,
              struct evtpm_error *err)
{
    struct tpm tpm;
    int rc;

    if (open_tpm(&tpm, err) < 0) {
        return -1;
    }
    rc = keys_make(&tpm, state, err);
    tpm_close(&tpm);
    if (rc < 0 || keys_read(state, e, err) < 0) {
        return -1;
    }
    return document_print_keys(e, err);
}

static int decode(const char *text, const char *what, struct evtpm_blob *out,
                  struct evtpm_error *err)
{
    if (!base64_decode(text, out)) {
        return evtpm_fail(err, "%s is not base64", what);
    }
    return out->size ? 0 : evtpm_fail(err, "%s is empty", what);
}

/* The arguments, before the TPM hears of them */
static int parse(char **arguments, struct evtpm_evidence *e,
                 struct credential *credential, struct evtpm_error *err)
{
    struct evtpm_blob file = { 0 };
    int rc;

    if (decode(arguments[0], "NONCE", &e->nonce, err) < 0) {
        return -1;
    }
    if (e->nonce.size != EVTPM_NONCE_SIZE) {
        return evtpm_fail(err, "NONCE is not %d bytes", EVTPM_NONCE_SIZE);
    }
    rc = decode(arguments[1], "CREDENTIAL", &file, err);
    if (rc == 0) {
        rc = credential_parse(&file, credential, err);
    }
    evtpm_blob_clear(&file);
    return rc;
}

/* A measurement log; nothing where there is none. */
static int read_log(const char *name, struct evtpm_blob *out,
                    struct evtpm_error *err)
{
    const char *dir = environment("EVTPM_SECURITYFS", "/sys/kernel/security");
    int fd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    int rc = 0;

    if (fd < 0) {
        return 0;
    }
    if (faccessat(fd, name, R_OK, 0) == 0 &&
        kernel_file_read(fd, name, LOG_MAX, out) < 0) {
        rc = evtpm_fail(err, "%s/%s: %s", dir, name, strerror(errno));
    }
    close(fd);
    return rc;
}

static int ask(struct tpm *tpm, const char *state,
               const struct credential *credential, struct evtpm_evidence *e,
               struct evtpm_error *err)
{
    const char *tsm = environment("EVTPM_TSM", "/sys/kernel/config/tsm/report");
    ESYS_TR key = ESYS_TR_NONE;
    int rc =
        keys_activate(tpm, state, credential, &key, &e->credential_secret, err);

    if (rc == 0) {
        rc = tsm_report(tsm, e, err);
    }
    if (rc == 0) {
        rc = quote_make(tpm, state, &key, e, err);
    }
    tpm_flush(tpm, &key);
    return rc;
}

static int check_keys(const char *state, struct evtpm_error *err)
{
    if (access(state_file(state, "ak.ctx").text, F_OK) < 0) {
        return evtpm_fail(err, "no attestation key: run evtpm-agent ak");
    }
    return 0;
}

static int collect(const char *state, char **arguments,
                   struct evtpm_evidence *e, struct evtpm_error *err)
{
    struct credential credential;
    struct tpm tpm;
    int rc;

    if (check_keys(state, err) < 0) {
        return -1;
    }
    if (parse(arguments, e, &credential, err) < 0 ||
        keys_read(state, e, err) < 0 || open_tpm(&tpm, err) < 0) {
        return -1;
    }
    rc = ask(&tpm, state, &credential, e, err);
    tpm_close(&tpm);
    /* The logs after the quote: they may be longer than what it covers. */
    if (rc < 0 ||
        read_log("tpm0/binary_bios_measurements", &e->event_log, err) < 0 ||
        read_log("ima/binary_runtime_measurements", &e->ima_log, err) < 0) {
        return -1;
    }
    return document_print(e, err);
}

static int write_secret(struct evtpm_blob *secret, struct evtpm_error *err)
{
    bool written =
        fwrite(secret->data, 1, secret->size, stdout) == secret->size &&
        fflush(stdout) == 0;
    int saved = errno;

    OPENSSL_cleanse(secret->data, secret->size);
    return written ? 0
                   : evtpm_fail(err, "cannot write the output: %s",
                                strerror(saved));
}

/* FILE: the relying party's answer; "-": the standard input */
static int open_answer(const char *state, const char *path,
                       struct evtpm_error *err)
{
    const char *file = strcmp(path, "-") == 0 ? "/proc/self/fd/0" : path;
    struct evtpm_blob answer = { 0 }, secret = { 0 };
    struct tpm tpm;
    int rc = -1;

    if (kernel_file_read(AT_FDCWD, file, ANSWER_MAX, &answer) < 0) {
        rc = evtpm_fail(err, "%s: %s", path, strerror(errno));
    } else if (check_keys(state, err) == 0 && open_tpm(&tpm, err) == 0) {
        rc = unwrap(&tpm, state, &answer, &secret, err);
        tpm_close(&tpm);
    }
    if (rc == 0) {
        rc = write_secret(&secret, err);
    }
    evtpm_blob_clear(&answer);
    evtpm_blob_clear(&secret);
    return rc;
}

static int run(int argc, char **argv, struct evtpm_evidence *e,
               struct evtpm_error *err)
{
    const char *state = environment("EVTPM_STATE", "/run/evtpm");
    bool is_ak = argc == 2 && strcmp(argv[1], "ak") == 0;
    bool is_collect = argc == 4 && strcmp(argv[1], "collect") == 0;

    bool is_unwrap = argc == 3 && strcmp(argv[1], "unwrap") == 0;

    if (!is_ak && !is_collect && !is_unwrap) {
        return evtpm_fail(err, USAGE);
    }
    if (state_open(state, err) < 0) {
        return -1;
    }
    return is_ak       ? ak(state, e, err)
           : is_unwrap ? open_answer(state, argv[2], err)
                       : collect(state, argv + 2, e, err);
}

int main(int argc, char **argv)
{
    struct evtpm_evidence evidence = { 0 };
    struct evtpm_error err = { "" };
    int rc;

    umask(077);
    setenv("TSS2_LOG", "all+none", 1); /* one line on errors, ours */
    rc = run(argc, argv, &evidence, &err);
    if (rc < 0) {
        fprintf(stderr, "evtpm-agent: %s\n", err.text);
    }
    evtpm_evidence_clear(&evidence);
    return rc < 0 ? 1 : 0;
}
