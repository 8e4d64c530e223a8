/* SPDX-License-Identifier: MIT */
/* SVSM conformance: all calls of all protocols. */
#include "tests/guest/svsm-calls.h"

void fw_tests(void)
{
    test_start();
    places_init();
    test_convention();
    test_core();
    test_pvalidate_entries();
    test_pvalidate_lists();
    test_pvalidate_states();
    test_vcpu();
    test_vtpm();
    test_attest();
    test_hostile();
}
