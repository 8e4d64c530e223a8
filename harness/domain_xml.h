/* SPDX-License-Identifier: MIT */
/*
 * A VM as a libvirt domain. Elements of libvirt say all that they can say;
 * what no element says goes to QEMU by <qemu:commandline>: IGVM files, VMPL
 * switching, and all that is the emulator's.
 */
#ifndef EVTPM_HARNESS_DOMAIN_XML_H
#define EVTPM_HARNESS_DOMAIN_XML_H

#include "harness/config.h"

/* The namespace of our <metadata>, which holds the VM's record. */
#define DOMAIN_XML_URI "urn:evtpm:vm:1"
#define DOMAIN_XML_PREFIX "evtpm"

/*
 * Does a reboot of its guest reset the VM in place, which is a launch as well?
 * A definition has nobody who would start it again. Hardware cannot: QEMU 10
 * ends a VM whose vCPUs it cannot reset.
 */
gboolean domain_resets(const struct vm_config *config);

/*
 * The whole document; free with g_free. `console_log`: where the serial console
 * is kept besides, or NULL. Needs libvirt 9.0 for the emulated platform, 10.7
 * for hardware.
 */
char *domain_xml(const struct vm_config *config, const char *console_log);

#endif
