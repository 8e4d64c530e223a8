/* SPDX-License-Identifier: MIT */
/*
 * Stands in for libcurl in the test guest, where tpm2 links to it for one
 * command, tpm2_getekcertificate, that a guest without a network cannot use.
 * The real one would bring 25 libraries: half of the initramfs, which firmware
 * measures and the kernel unpacks at every boot.
 */
enum { CURLE_FAILED_INIT = 2 };

#define FAILS(name) \
    int name(void); \
    int name(void) \
    { \
        return CURLE_FAILED_INIT; \
    }

/* They return a pointer, or nothing. */
#define GIVES_NONE(name) \
    void *name(void); \
    void *name(void) \
    { \
        return (void *)0; \
    }

FAILS(curl_global_init)
FAILS(curl_easy_perform)
FAILS(curl_easy_setopt)
GIVES_NONE(curl_easy_cleanup)
GIVES_NONE(curl_easy_escape)
GIVES_NONE(curl_easy_init)
GIVES_NONE(curl_easy_strerror)
GIVES_NONE(curl_easy_unescape)
GIVES_NONE(curl_free)
GIVES_NONE(curl_global_cleanup)
