/* What a process of the script does: its slots, and the calls that it makes. */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>
#include "recorder.h"

#ifndef F_SEAL_FUTURE_WRITE
#define F_SEAL_FUTURE_WRITE 0x0010
#endif
#ifndef F_SEAL_EXEC
#define F_SEAL_EXEC 0x0020
#endif
#ifndef MFD_NOEXEC_SEAL
#define MFD_NOEXEC_SEAL 0x0008U
#endif

#define PIECE 65536       /* bytes of one write */
#define TEXT_LIMIT 64     /* bytes that are shown as text, too */
#define SLOTS 4096

/* include/uapi/linux/liveupdate.h: the type of the ioctls, and their numbers */
#define LIVEUPDATE(nr) (0xBA00u | (nr))
enum { CREATE_SESSION = 0x00, RETRIEVE_SESSION = 0x01, PRESERVE_FD = 0x40, RETRIEVE_FD = 0x41, FINISH = 0x42, GET_NAME = 0x43 };

struct session_arg { uint32_t size; int32_t fd; char name[64]; };
struct file_arg { uint32_t size; int32_t fd; uint64_t token; };
struct finish_arg { uint32_t size; uint32_t reserved; };

static const char *error_name(int error)
{
    const char *name = strerrorname_np(error);
    return name ? name : "EIO";
}

static struct { char name[64]; int fd; } slots[SLOTS];
static int slot_count;
static int named_files;
char name_prefix[64];

int slot(const char *name)
{
    for (int i = 0; i < slot_count; i++)
        if (strcmp(slots[i].name, name) == 0)
            return slots[i].fd;
    return -1;
}

static void set_slot(const char *name, int fd)
{
    int i = 0;
    while (i < slot_count && strcmp(slots[i].name, name) != 0)
        i++;
    if (i == SLOTS)
        die("too many slots");
    if (i == slot_count)
        slot_count++;
    snprintf(slots[i].name, sizeof(slots[i].name), "%s", name);
    slots[i].fd = fd;
}

void give(struct text *t, long long result)
{
    /* lseek() can give other negative numbers */
    if (result == -1)
        put(t, ", \"errno\": \"%s\"", error_name(errno));
    else
        put(t, ", \"ret\": %lld", result);
}

void give_fd(struct text *t, const char *name, int fd)
{
    if (fd < 0) {
        put(t, ", \"errno\": \"%s\"", error_name(errno));
        return;
    }
    if (name)
        set_slot(name, fd);
    put(t, ", \"ret\": \"fd\"");
}

static unsigned char pattern(uint64_t seed, uint64_t o)
{
    return (unsigned char)(seed * 31 + o * 7 + (o >> 8) * 13 + (o >> 16));
}

/* Writes the pattern in pieces, at an offset or at the file position. */
static long long write_pattern(int fd, bool positioned, long long at, long long length, uint64_t seed)
{
    static unsigned char piece[PIECE];
    long long start = at, total = 0;
    if (!positioned) {
        start = lseek(fd, 0, SEEK_CUR);
        if (start < 0)
            start = 0;
    }
    do {
        size_t n = (size_t)(length - total < PIECE ? length - total : PIECE);
        for (size_t i = 0; i < n; i++)
            piece[i] = pattern(seed, (uint64_t)(start + total) + i);
        ssize_t r = !positioned ? write(fd, piece, n) : pwrite(fd, piece, n, at + total);
        if (r < 0)
            return total > 0 ? total : -1;
        total += r;
        if ((size_t)r < n)
            break;
    } while (total < length);
    return total;
}

/* Reads at an offset or at the file position, and says how long it was, its hash, and the text where it is readable. */
static void read_bytes(struct text *t, int fd, bool positioned, long long at, long long length)
{
    unsigned char *buffer = malloc(length > 0 ? (size_t)length : 1);
    if (!buffer)
        die("no memory for %lld bytes", length);
    ssize_t r = !positioned ? read(fd, buffer, (size_t)length) : pread(fd, buffer, (size_t)length, at);
    give(t, r);
    if (r >= 0) {
        uint64_t hash = 0xcbf29ce484222325u;
        bool readable = r > 0 && r <= TEXT_LIMIT;
        for (ssize_t i = 0; i < r; i++) {
            hash = (hash ^ buffer[i]) * 0x100000001b3u;
            readable = readable && buffer[i] >= 0x20 && buffer[i] < 0x7f;
        }
        put(t, ", \"fnv\": \"%016llx\"", (unsigned long long)hash);
        if (readable) {
            put(t, ", \"text\": ");
            put_string(t, (char *)buffer, (size_t)r);
        }
    }
    free(buffer);
}

/* An ioctl; with `readonly` its argument lies in memory that cannot be written, so that the reply faults. */
static int liveupdate(int fd, unsigned nr, void *arg, size_t size, bool readonly)
{
    if (!readonly)
        return ioctl(fd, LIVEUPDATE(nr), arg);
    void *page = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (page == MAP_FAILED)
        die("no page for the argument");
    memcpy(page, arg, size);
    mprotect(page, 4096, PROT_READ);
    int r = ioctl(fd, LIVEUPDATE(nr), page);
    int error = errno;
    munmap(page, 4096);
    errno = error;
    return r;
}

static int session_ioctl(int device, unsigned nr, const char *name, bool readonly)
{
    struct session_arg arg = { .size = sizeof(arg), .fd = -1 };
    size_t n = strlen(name);
    memcpy(arg.name, name, n < sizeof(arg.name) ? n : sizeof(arg.name) - 1);
    return liveupdate(device, nr, &arg, sizeof(arg), readonly) < 0 ? -1 : arg.fd;
}

static int file_ioctl(int session, unsigned nr, int fd, const char *token, bool readonly)
{
    struct file_arg arg = { .size = sizeof(arg), .fd = fd, .token = strtoull(token, NULL, 0) };
    int r = liveupdate(session, nr, &arg, sizeof(arg), readonly);
    return r < 0 ? -1 : nr == RETRIEVE_FD ? arg.fd : 0;
}

static unsigned seal_bits(char *list)
{
    static const struct { const char *name; unsigned bit; } known[] = {
        { "seal", F_SEAL_SEAL }, { "shrink", F_SEAL_SHRINK }, { "grow", F_SEAL_GROW }, { "write", F_SEAL_WRITE },
        { "future_write", F_SEAL_FUTURE_WRITE }, { "exec", F_SEAL_EXEC },
    };
    unsigned bits = 0;
    for (char *name = strtok(list, ","); name; name = strtok(NULL, ","))
        for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++)
            if (strcmp(name, known[i].name) == 0)
                bits |= known[i].bit;
    return bits;
}

static int whence(const char *name)
{
    return strcmp(name, "cur") == 0 ? SEEK_CUR : strcmp(name, "end") == 0 ? SEEK_END : strcmp(name, "data") == 0 ? SEEK_DATA
        : strcmp(name, "hole") == 0 ? SEEK_HOLE : SEEK_SET;
}

/* An offset or a number of 64 bits, signed or unsigned. */
static long long number(const char *word)
{
    return *word == '-' ? strtoll(word, NULL, 0) : (long long)strtoull(word, NULL, 0);
}

static void readonly_call(struct text *t, char **w)
{
    if (is(w[0], "create"))
        give_fd(t, NULL, session_ioctl(slot(w[1]), CREATE_SESSION, w[2], true));
    else if (is(w[0], "retrieve"))
        give_fd(t, NULL, session_ioctl(slot(w[1]), RETRIEVE_SESSION, w[2], true));
    else if (is(w[0], "preserve"))
        give(t, file_ioctl(slot(w[1]), PRESERVE_FD, slot(w[2]), w[3], true));
    else
        give_fd(t, NULL, file_ioctl(slot(w[1]), RETRIEVE_FD, -1, w[2], true));
}

static void raw_call(struct text *t, char **w)
{
    unsigned char buffer[256] = { 0 };
    uint32_t size = (uint32_t)number(w[2]);
    memcpy(buffer, &size, sizeof(size));
    for (size_t i = 0; w[3][2 * i] != '\0' && w[3][2 * i + 1] != '\0' && i + 4 < sizeof(buffer); i++) {
        char digits[3] = { w[3][2 * i], w[3][2 * i + 1], '\0' };
        buffer[4 + i] = (unsigned char)strtoul(digits, NULL, 16);
    }
    give(t, ioctl(slot(w[0]), LIVEUPDATE((unsigned)number(w[1])), buffer));
}

static void get_name(struct text *t, int fd)
{
    struct session_arg arg = { .size = sizeof(arg) };
    int r = ioctl(fd, LIVEUPDATE(GET_NAME), &arg);
    give(t, r);
    if (r >= 0) {
        put(t, ", \"name\": ");
        put_string(t, arg.name, strnlen(arg.name, sizeof(arg.name)));
    }
}

static void stat_call(struct text *t, int fd)
{
    struct stat st;
    int r = fstat(fd, &st);
    give(t, r);
    if (r == 0)
        put(t, ", \"size\": %lld, \"blocks\": %lld, \"nlink\": %lld, \"mode\": \"%o\"", (long long)st.st_size, (long long)st.st_blocks,
            (long long)st.st_nlink, (unsigned)st.st_mode);
}

static int map_write(int fd)
{
    void *page = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    if (page == MAP_FAILED)
        return -1;
    munmap(page, 4096);
    return 0;
}

static void masked(struct text *t, int r, int mask)
{
    give(t, r < 0 ? r : r & mask);
}

bool call(struct text *t, char **w)
{
    const char *op = w[0];
    char **a = w + 1;
    if (is(op, "open"))
        give_fd(t, a[0], open(a[1], O_RDWR));
    else if (is(op, "create_session"))
        give_fd(t, a[0], session_ioctl(slot(a[1]), CREATE_SESSION, a[2], false));
    else if (is(op, "retrieve_session"))
        give_fd(t, a[0], session_ioctl(slot(a[1]), RETRIEVE_SESSION, a[2], false));
    else if (is(op, "get_name"))
        get_name(t, slot(a[0]));
    else if (is(op, "preserve"))
        give(t, file_ioctl(slot(a[0]), PRESERVE_FD, slot(a[1]), a[2], false));
    else if (is(op, "retrieve"))
        give_fd(t, a[0], file_ioctl(slot(a[1]), RETRIEVE_FD, -1, a[2], false));
    else if (is(op, "finish")) {
        struct finish_arg arg = { .size = sizeof(arg) };
        give(t, ioctl(slot(a[0]), LIVEUPDATE(FINISH), &arg));
    } else if (is(op, "ro"))
        readonly_call(t, a);
    else if (is(op, "raw"))
        raw_call(t, a);
    else if (is(op, "memfd"))
        give_fd(t, a[0], memfd_create("memfd", is(a[1], "seal") ? MFD_ALLOW_SEALING : is(a[1], "cloexec") ? MFD_CLOEXEC : is(a[1], "noexec") ? MFD_NOEXEC_SEAL : 0));
    else if (is(op, "truncate"))
        give(t, ftruncate(slot(a[0]), number(a[1])));
    else if (is(op, "fallocate"))
        give(t, fallocate(slot(a[0]), 0, number(a[1]), number(a[2])));
    else if (is(op, "punch"))
        give(t, fallocate(slot(a[0]), FALLOC_FL_KEEP_SIZE | FALLOC_FL_PUNCH_HOLE, number(a[1]), number(a[2])));
    else if (is(op, "pwrite"))
        give(t, write_pattern(slot(a[0]), true, number(a[1]), number(a[2]), (uint64_t)number(a[3])));
    else if (is(op, "write"))
        give(t, write_pattern(slot(a[0]), false, 0, number(a[1]), (uint64_t)number(a[2])));
    else if (is(op, "puts"))
        give(t, pwrite(slot(a[0]), a[2], strlen(a[2]), number(a[1])));
    else if (is(op, "pread"))
        read_bytes(t, slot(a[0]), true, number(a[1]), number(a[2]));
    else if (is(op, "read"))
        read_bytes(t, slot(a[0]), false, 0, number(a[1]));
    else if (is(op, "lseek"))
        give(t, lseek(slot(a[0]), number(a[1]), whence(a[2])));
    else if (is(op, "fstat"))
        stat_call(t, slot(a[0]));
    else if (is(op, "addseals"))
        give(t, fcntl(slot(a[0]), F_ADD_SEALS, seal_bits(a[1])));
    else if (is(op, "getseals"))
        give(t, fcntl(slot(a[0]), F_GET_SEALS));
    else if (is(op, "getfl"))
        masked(t, fcntl(slot(a[0]), F_GETFL), O_ACCMODE | O_APPEND | O_NONBLOCK);
    else if (is(op, "setappend"))
        give(t, fcntl(slot(a[0]), F_SETFL, O_APPEND));
    else if (is(op, "getfd"))
        give(t, fcntl(slot(a[0]), F_GETFD));
    else if (is(op, "dup"))
        give_fd(t, a[0], dup(slot(a[1])));
    else if (is(op, "close")) {
        give(t, close(slot(a[0])));
        set_slot(a[0], -1);
    } else if (is(op, "mmapw"))
        give(t, map_write(slot(a[0])));
    else if (is(op, "rlimit")) {
        struct rlimit limit = { (rlim_t)number(a[0]), (rlim_t)number(a[0]) };
        give(t, setrlimit(RLIMIT_NOFILE, &limit));
    } else if (is(op, "pipe")) {
        int ends[2];
        give_fd(t, a[0], pipe(ends) < 0 ? -1 : ends[0]);
    } else if (is(op, "socket"))
        give_fd(t, a[0], socket(AF_UNIX, SOCK_STREAM, 0));
    else if (is(op, "eventfd"))
        give_fd(t, a[0], eventfd(0, 0));
    else if (is(op, "tmpfile"))
        give_fd(t, a[0], open("/dev/shm", O_TMPFILE | O_RDWR, 0600));
    else if (is(op, "tmpnamed")) {
        char path[128];
        snprintf(path, sizeof(path), "/dev/shm/%s%d-%d", name_prefix, (int)getpid(), named_files++);
        give_fd(t, a[0], open(path, O_RDWR | O_CREAT | O_EXCL, 0600));
    } else
        return false;
    return true;
}
