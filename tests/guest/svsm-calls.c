/* SPDX-License-Identifier: MIT */
/* SVSM conformance: every call, each argument right and wrong, expected by its exact code. */
#include "tests/guest/svsm-fw.h"

void fw_tests(void)
{
    test_start();
    test_core();
    test_pvalidate();
    test_vcpu();
    test_vtpm();
    test_attest();
    test_hostile();
}
