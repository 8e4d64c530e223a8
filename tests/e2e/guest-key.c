/* SPDX-License-Identifier: MIT */
/*
 * In the guest: "guest-key FIELDS [VMPL [TCB_VERSION]]" asks /dev/sev-guest for
 * a derived key and prints it in hex. Freestanding: it is handed to guests that
 * have no C library.
 */
#include <fcntl.h>
#include <linux/ioctl.h>
#include <linux/sev-guest.h>
#include <sys/syscall.h>

#define KEY_SIZE 32
#define RESPONSE_HEAD 32 /* status and reserved bytes, before the key */

static long call(long number, long a, long b, long c)
{
    long rc;

    __asm__ volatile("syscall"
                     : "=a"(rc)
                     : "a"(number), "D"(a), "S"(b), "d"(c)
                     : "rcx", "r11", "memory");
    return rc;
}

static void finish(int status) __attribute__((noreturn));
static void finish(int status)
{
    call(SYS_exit_group, status, 0, 0);
    __builtin_unreachable();
}

static void print_hex(const unsigned char *bytes, unsigned int size)
{
    static const char digits[] = "0123456789abcdef";
    char text[2 * KEY_SIZE + 1];

    for (unsigned int i = 0; i < size; i++) {
        text[2 * i] = digits[bytes[i] >> 4];
        text[2 * i + 1] = digits[bytes[i] & 15];
    }
    text[2 * size] = '\n';
    call(SYS_write, 1, (long)text, 2 * size + 1);
}

static unsigned long number(const char *text)
{
    unsigned long value = 0;

    while (*text >= '0' && *text <= '9') {
        value = value * 10 + (unsigned long)(*text++ - '0');
    }
    return value;
}

/* The stack as the kernel leaves it: argc, argv[0], argv[1], ... */
void start(long *stack) __attribute__((noreturn, used));
void start(long *stack)
{
    static struct snp_derived_key_req req;
    static struct snp_derived_key_resp resp;
    static struct snp_guest_request_ioctl io;
    long fd = call(SYS_open, (long)"/dev/sev-guest", O_RDWR, 0);

    if (fd < 0 || stack[0] < 2 || stack[0] > 4) {
        finish(2);
    }
    req.guest_field_select = number((const char *)stack[2]);
    if (stack[0] > 2) {
        req.vmpl = (unsigned int)number((const char *)stack[3]);
    }
    if (stack[0] > 3) {
        req.tcb_version = number((const char *)stack[4]);
    }
    io.msg_version = 1;
    io.req_data = (unsigned long)&req;
    io.resp_data = (unsigned long)&resp;
    if (call(SYS_ioctl, fd, (long)SNP_GET_DERIVED_KEY, (long)&io) < 0) {
        finish(1);
    }
    /* The firmware's status comes first. */
    if (resp.data[0] | resp.data[1] | resp.data[2] | resp.data[3]) {
        finish(3);
    }
    print_hex(resp.data + RESPONSE_HEAD, KEY_SIZE);
    finish(0);
}

__asm__(".globl _start\n"
        "_start: xor %ebp, %ebp\n"
        "mov %rsp, %rdi\n"
        "and $-16, %rsp\n"
        "call start\n");
