/* SPDX-License-Identifier: MIT */
/* Choosing a backend. */
#include "harness/backend.h"

#include <string.h>

static const struct vm_backend *const backends[] = {
    &backend_qemu,
#ifdef HAVE_LIBVIRT
    &backend_libvirt,
#endif
};

const struct vm_backend *backend_find(const char *name, const char *connect,
                                      GError **error)
{
    const char *wanted = name ? name : connect ? "libvirt" : NULL;
    if (!wanted) {
        wanted = g_getenv("EVTPM_BACKEND");
    }
    if (!wanted || !*wanted) {
        return &backend_qemu;
    }
    for (size_t i = 0; i < G_N_ELEMENTS(backends); i++) {
        if (strcmp(backends[i]->name, wanted) == 0) {
            if (connect && backends[i] == &backend_qemu) {
                fail(error, HARNESS_ERROR_USAGE,
                     "--connect needs --backend libvirt");
                return NULL;
            }
            return backends[i];
        }
    }
    if (strcmp(wanted, "libvirt") == 0) {
        fail(error, HARNESS_ERROR_USAGE,
             "this evtpm was built without libvirt: apt-get install "
             "libvirt-dev, then build it again");
    } else {
        fail(error, HARNESS_ERROR_USAGE,
             "unknown backend \"%s\": qemu or libvirt", wanted);
    }
    return NULL;
}
