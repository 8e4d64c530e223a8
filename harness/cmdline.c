/* SPDX-License-Identifier: MIT */
/* QEMU's command line: one function per subject, the platform's part kept
 * apart. */
#include "harness/cmdline.h"

#include <stdio.h>
#include <string.h>

#include "lib/id_block.h"

static void add(GStrvBuilder *b, const char *option, const char *fmt, ...)
    G_GNUC_PRINTF(3, 4);

static void add(GStrvBuilder *b, const char *option, const char *fmt, ...)
{
    g_strv_builder_add(b, option);
    if (fmt) {
        va_list ap;
        va_start(ap, fmt);
        g_autofree char *value = g_strdup_vprintf(fmt, ap);
        va_end(ap);
        g_strv_builder_add(b, value);
    }
}

/* A comma in a QEMU option's value is written twice. */
static char *escape(const char *path)
{
    g_auto(GStrv) parts = g_strsplit(path, ",", -1);
    return g_strjoinv(",,", parts);
}

gboolean cmdline_has_author(const struct vm_config *c)
{
    struct evtpm_id id;
    return c->id_block && c->id_auth &&
           evtpm_id_decode(c->id_block, c->id_auth, &id, NULL) == 0 &&
           evtpm_id_has_author(&id);
}

/* Properties that both objects have. */
static char *id_properties(const struct vm_config *c)
{
    return c->id_block && c->id_auth
               ? g_strdup_printf(
                     ",id-block=%s,id-auth=%s%s", c->id_block, c->id_auth,
                     cmdline_has_author(c) ? ",author-key-enabled=on" : "")
               : g_strdup("");
}

static void add_igvm(GStrvBuilder *b, const struct vm_config *c)
{
    g_autofree char *file = escape(c->igvm);
    add(b, "-object", "igvm-cfg,id=igvm0,file=%s", file);
}

/* As mainline QEMU >= 10.1 takes it; with planes, as the SVSM-enabled tree
 * does: devices are plane 2's, where the guest's system runs, and the interrupt
 * controllers of all planes are QEMU's. RAM is a memfd, shared, from which KVM
 * takes what the guest shares. */
static void add_snp(GStrvBuilder *b, const struct vm_config *c)
{
    g_autofree char *id = id_properties(c);
    add(b, "-accel", "kvm");
    add(b, "-cpu", "EPYC-v4");
    add(b, "-machine",
        "q35,i8042=off,confidential-guest-support=sev0%s%s,"
        "memory-backend=ram0",
        c->igvm ? ",igvm-cfg=igvm0" : "",
        c->planes ? ",kernel-irqchip=split,device-plane=2" : "");
    add(b, "-object", "memory-backend-memfd,id=ram0,size=%uM,share=on",
        c->memory);
    add(b, "-object",
        "sev-snp-guest,id=sev0,cbitpos=%d,reduced-phys-bits=%d%s%s",
        CMDLINE_CBITPOS, CMDLINE_REDUCED_BITS,
        c->kernel_hashes && !c->igvm ? ",kernel-hashes=on" : "", id);
}

static void add_emulated_object(GStrvBuilder *b, const struct vm_config *c)
{
    g_autofree char *chip = escape(c->chip);
    g_autofree char *id = id_properties(c);
    add(b, "-object", "sev-snp-emulated,id=sev0,chip=%s%s%s%s", chip,
        c->debug_read ? ",debug-read=on" : "",
        c->kernel_hashes && !c->igvm ? ",kernel-hashes=on" : "", id);
}

static void add_emulated(GStrvBuilder *b, const struct vm_config *c)
{
    add(b, "-accel", "tcg");
    /* fast strings: Linux then copies by instructions that the emulator
     * executes in bulk. x2APIC: KVM gives it to every guest, and SVSMs rely
     * on that. */
    add(b, "-cpu", "EPYC-v4,+erms,+fsrm,+x2apic");
    add(b, "-machine", "q35,i8042=off,confidential-guest-support=sev0%s",
        c->igvm ? ",igvm-cfg=igvm0" : "");
    add_emulated_object(b, c);
}

/* No keyboard controller: nobody types there, and firmware that polls for one
 * pays an exit for each look. */
static void add_platform(GStrvBuilder *b, const struct vm_config *c)
{
    if (c->platform == PLATFORM_SNP) {
        add_snp(b, c);
    } else {
        add_emulated(b, c);
    }
    if (c->igvm) {
        add_igvm(b, c);
    } else {
        add(b, "-bios", "%s", c->firmware);
    }
    add(b, "-m", "%uM", c->memory);
    add(b, "-smp", "%u", c->cpus);
}

/* QEMU's own network: the guest gets an address by DHCP, reaches the host's
 * loopback at 10.0.2.2 and what the host reaches; nothing reaches the guest. */
static void add_network(GStrvBuilder *b, const struct vm_config *c)
{
    if (c->network) {
        add(b, "-netdev", "user,id=net0,ipv6=off");
        add(b, "-device", "virtio-net-pci,netdev=net0,romfile=");
    }
}

static void add_extra(GStrvBuilder *b, const struct vm_config *c)
{
    for (char **e = c->extra; e && *e; e++) {
        g_strv_builder_add(b, *e);
    }
}

GStrv cmdline_beside_libvirt(const struct vm_config *c)
{
    g_autoptr(GStrvBuilder) b = g_strv_builder_new();
    if (c->platform == PLATFORM_EMULATED) {
        /* i8042: libvirt has <ps2> since 10.7 */
        add(b, "-machine", "i8042=off,confidential-guest-support=sev0");
        add_emulated_object(b, c);
    } else if (c->planes) {
        add(b, "-machine", "device-plane=2");
    }
    if (c->igvm) {
        add(b, "-machine", "igvm-cfg=igvm0");
        add_igvm(b, c);
    }
    add_network(b, c);
    add_extra(b, c);
    return g_strv_builder_end(b);
}

static void add_channels(GStrvBuilder *b, const struct cmdline_channels *ch)
{
    g_autofree char *log = escape(ch->console_log);
    add(b, "-chardev", "socket,id=own,fd=%d,server=on,wait=off", ch->own);
    add(b, "-mon", "chardev=own,mode=control");
    add(b, "-chardev", "socket,id=qmp,fd=%d,server=on,wait=off", ch->qmp);
    add(b, "-mon", "chardev=qmp,mode=control");
    add(b, "-chardev",
        "socket,id=con,fd=%d,server=on,wait=off,logfile=%s,logappend=on",
        ch->console, log);
    add(b, "-serial", "chardev:con");
    add(b, "-chardev", "socket,id=ga,fd=%d,server=on,wait=off", ch->ga);
    add(b, "-device", "virtio-serial-pci,romfile=");
    add(b, "-device", "virtserialport,chardev=ga,name=org.qemu.guest_agent.0");
}

const char *cmdline_disk_format(const char *path)
{
    char magic[4] = "";
    FILE *file = fopen(path, "re");
    if (file) {
        if (fread(magic, 1, sizeof(magic), file) < sizeof(magic)) {
            magic[0] = '\0';
        }
        fclose(file);
    }
    /* named, not probed: a guest could turn its raw disk into a qcow2 with a
     * backing file */
    return memcmp(magic, "QFI\xfb", 4) == 0 ? "qcow2" : "raw";
}

static void add_system(GStrvBuilder *b, const struct vm_config *c)
{
    if (c->kernel) {
        add(b, "-kernel", "%s", c->kernel);
    }
    if (c->initrd) {
        add(b, "-initrd", "%s", c->initrd);
    }
    if (c->append) {
        add(b, "-append", "%s", c->append);
    }
    if (c->disk) {
        g_autofree char *disk = escape(c->disk);
        add(b, "-drive", "if=none,id=disk0,file=%s,format=%s", disk,
            cmdline_disk_format(c->disk));
        add(b, "-device", "virtio-blk-pci,drive=disk0,bootindex=0,romfile=");
    }
}

GStrv cmdline_build(const struct vm_config *config,
                    const struct cmdline_channels *channels)
{
    g_autoptr(GStrvBuilder) b = g_strv_builder_new();
    g_strv_builder_add(b, config->qemu);
    add(b, "-name", "%s", config->name);
    add(b, "-nodefaults", NULL);
    add(b, "-no-user-config", NULL);
    add(b, "-no-reboot", NULL);
    add(b, "-display", "none");
    add(b, "-vga", "none");
    add_platform(b, config);
    add_channels(b, channels);
    add_system(b, config);
    add_network(b, config);
    add_extra(b, config);
    return g_strv_builder_end(b);
}

char *cmdline_text(const char *const *argv)
{
    g_autoptr(GString) text = g_string_new(NULL);
    for (; *argv; argv++) {
        gboolean plain = **argv != '\0';
        for (const char *p = *argv; *p; p++) {
            plain = plain && (g_ascii_isalnum(*p) || strchr("-_./,:=+", *p));
        }
        g_autofree char *quoted =
            plain ? g_strdup(*argv) : g_shell_quote(*argv);
        g_string_append_printf(text, "%s%s", text->len ? " " : "", quoted);
    }
    return g_strdup(text->str);
}
