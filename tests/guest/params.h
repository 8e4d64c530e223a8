/* SPDX-License-Identifier: MIT */
/* Where the params guest finds its parameters: page i holds what igvm_edit_parameters() asks for ith. */
#ifndef EVTPM_TESTS_PARAMS_H
#define EVTPM_TESTS_PARAMS_H

#define EDIT_PARAMETERS 0x1000000ull
enum edit_parameter {
    EDIT_MADT,
    EDIT_MMIO_RANGES,
    EDIT_COMMAND_LINE,
    EDIT_SRAT,
    EDIT_SLIT,
    EDIT_PPTT,
    EDIT_DEVICE_TREE,
    EDIT_PARAMETER_COUNT,
};
/* All begin here in their page: a loader that ignores the offset is seen. */
#define EDIT_PARAMETER_OFFSET 0x40u

#endif
