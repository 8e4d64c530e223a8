/* SPDX-License-Identifier: MIT */
/*
 * What the libvirt backend consists of: connections, a domain that is watched,
 * and its channels. Compiled only where libvirt is there.
 */
#ifndef EVTPM_HARNESS_LIBVIRT_H
#define EVTPM_HARNESS_LIBVIRT_H

#ifdef HAVE_LIBVIRT

#include <libvirt/libvirt.h>

#include "harness/config.h"
#include "harness/fail.h"

/*
 * Opens a connection (NULL: libvirt's own choice). A thread serves its events
 * from then on; a daemon that does not answer counts as gone.
 */
virConnectPtr libvirt_open(const char *uri, GError **error);

/* Sets an error from libvirt's last one, one line, after "WHAT: ". Returns
 * FALSE. */
gboolean libvirt_fail(GError **error, const char *fmt, ...) G_GNUC_PRINTF(2, 3);

/* The record in a domain's metadata; NULL if it is none of ours. */
struct vm_config *libvirt_record(virDomainPtr domain);

/*
 * A domain while it runs. Events arrive in a thread of their own; who watches
 * polls `gone`, which becomes readable at the domain's end or the daemon's.
 */
struct watch;
struct watch *watch_new(virConnectPtr conn, const char *name);
void watch_free(struct watch *watch);
int watch_gone(const struct watch *watch); /* borrowed */
gboolean watch_agent(const struct watch *watch);
void watch_set_agent(struct watch *watch, gboolean connected);
void watch_set_gone(struct watch *watch);

/*
 * Sockets that look to their users like QEMU's own, served by threads that call
 * libvirt: QMP with QEMU's events, the guest agent, the serial console. Closing
 * the socket ends the thread. -1 with an error.
 */
int channel_qmp(virDomainPtr domain, struct watch *watch, GError **error);
int channel_agent(virDomainPtr domain, GError **error);
int channel_console(virDomainPtr domain, GError **error);

/* Gives QEMU's events to a socket from now on, one line each; -1: to none. */
void watch_set_monitor(struct watch *watch, int fd);
/* One line to that socket, whole. FALSE if nobody reads it any more. */
gboolean watch_write(struct watch *watch, const char *line);
/* For threads that outlive watch_free(). */
struct watch *watch_ref(struct watch *watch);
void watch_unref(void *watch);

#endif
#endif
