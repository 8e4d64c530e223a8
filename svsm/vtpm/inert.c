/* SPDX-License-Identifier: MIT */
/* What libtpms and libcrypto may ask of the C library and must not get here:
 * files, shared objects, the network, the environment.
 *
 * The build renames the symbol NAME in the libraries to vtpm_own_NAME for every
 * name in redirect.syms. These stand-ins ignore their arguments (harmless in
 * this calling convention) and fail. So TPM state has no way into a file, and
 * no configuration, preloaded or plugged-in code has a way into the program. */
#include <stddef.h>

static void *return_null(void)
{
    return NULL;
}

static int return_error(void)
{
    return -1;
}

#define NULL_FROM(name)                                                        \
    void *vtpm_own_##name(void) __attribute__((alias("return_null")))
#define ERROR_FROM(name)                                                       \
    int vtpm_own_##name(void) __attribute__((alias("return_error")))

NULL_FROM(fopen);
NULL_FROM(fopen64);
NULL_FROM(opendir);
ERROR_FROM(open);
ERROR_FROM(remove);

NULL_FROM(dlopen);
NULL_FROM(dlsym);
NULL_FROM(dlerror);
NULL_FROM(dladdr); /* 0 is its error */
ERROR_FROM(dlclose);

ERROR_FROM(socket);
ERROR_FROM(connect);
ERROR_FROM(bind);
ERROR_FROM(listen);
ERROR_FROM(accept);
ERROR_FROM(getaddrinfo);
ERROR_FROM(getnameinfo);
NULL_FROM(freeaddrinfo);
NULL_FROM(gethostbyname);

NULL_FROM(getenv);
NULL_FROM(secure_getenv);
