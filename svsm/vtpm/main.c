/* SPDX-License-Identifier: MIT */
/* evtpm-vtpm: an ephemeral TPM 2.0 between descriptor 0 and descriptor 1.
 *
 * The same static program runs at ring 3 under the SVSM and on a workstation
 * behind tpm2-tss's cmd: transport. It makes a fresh TPM, answers frames
 * (protocol.h) until its input ends, and forgets. It performs _TPM_Init;
 * sending TPM2_Startup is the firmware's business, as on any platform. */
#include <errno.h>
#include <stddef.h>
#include <sys/resource.h>
#include <unistd.h>

#include "svsm/vtpm/entropy.h"
#include "svsm/vtpm/log.h"
#include "svsm/vtpm/reader.h"
#include "svsm/vtpm/serve.h"
#include "svsm/vtpm/tpm.h"

static ssize_t read_some(uint8_t *to, size_t room)
{
    ssize_t got;

    do {
        got = read(0, to, room);
    } while (got < 0 && errno == EINTR);
    return got;
}

static void write_all(const uint8_t *from, uint32_t count)
{
    ssize_t put;

    while (count > 0) {
        put = write(1, from, count);
        if (put > 0) {
            from += put;
            count -= (uint32_t)put;
        } else if (put == 0 || errno != EINTR) {
            vtpm_die("cannot write the response");
        }
    }
}

static void answer(struct vtpm_reader *reader, enum vtpm_reader_result result)
{
    const uint8_t *response;
    uint32_t size;

    if (result == VTPM_READER_FRAME) {
        size = vtpm_serve(reader->frame, reader->size, &response);
    } else {
        size = vtpm_serve_bad_size(&response);
    }
    write_all(response, size);
}

/* Serves frames until the input ends between two of them. */
static void serve_all(void)
{
    static struct vtpm_reader reader;
    enum vtpm_reader_result result;
    uint8_t *to;
    uint32_t room;
    ssize_t got;

    for (;;) {
        room = vtpm_reader_space(&reader, &to);
        got = read_some(to, room);
        if (got < 0) {
            vtpm_die("cannot read a command");
        }
        if (got == 0) {
            break;
        }
        result = vtpm_reader_advance(&reader, (uint32_t)got);
        if (result != VTPM_READER_MORE) {
            answer(&reader, result);
        }
    }
    if (!vtpm_reader_idle(&reader)) {
        vtpm_die("the input ended inside a command");
    }
}

int main(int argc, char **argv)
{
    const struct rlimit none = { 0, 0 };

    (void)argv;
    if (argc > 1) {
        vtpm_log(
            "takes no arguments: commands on descriptor 0, responses on 1");
        return 2;
    }
    /* A core file would be TPM state on a disk. The SVSM knows no limits and
     * no core files, so failing is fine. */
    (void)setrlimit(RLIMIT_CORE, &none);
    if (!vtpm_entropy_init()) {
        vtpm_die("cannot set up libcrypto");
    }
    if (!vtpm_live_start()) {
        vtpm_die("cannot manufacture a TPM");
    }
    serve_all();
    return 0;
}
