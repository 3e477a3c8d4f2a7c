/* Loading the next kernel, so that the recorder goes on there. */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>
#include "recorder.h"

const char *parameter(const char *name)
{
    char line[4096] = "";
    FILE *f = fopen("/proc/cmdline", "r");
    if (!f)
        return NULL;
    bool read = fgets(line, sizeof(line), f) != NULL;
    fclose(f);
    for (char *word = read ? strtok(line, " \n") : NULL; word; word = strtok(NULL, " \n"))
        if (strncmp(word, name, strlen(name)) == 0 && word[strlen(name)] == '=')
            return strdup(word + strlen(name) + 1);
    return NULL;
}

static void copy(FILE *to, const char *path)
{
    static char buffer[65536];
    FILE *from = fopen(path, "rb");
    size_t n;
    if (!from)
        die("%s: %s", path, strerror(errno));
    while ((n = fread(buffer, 1, sizeof(buffer), from)) > 0)
        fwrite(buffer, 1, n, to);
    fclose(from);
}

/* An entry of a cpio archive (newc): a file with the contents of `path`; a folder where that is NULL. */
static void archive(FILE *to, const char *name, const char *path, unsigned mode)
{
    struct stat st = { 0 };
    static unsigned inode = 1;
    if (path && stat(path, &st) < 0)
        return;
    fprintf(to, "070701%08X%08X%08X%08X%08X%08X%08X%08X%08X%08X%08X%08X%08X", inode++, mode, 0, 0, 1, 0, (unsigned)st.st_size, 0, 0, 0, 0, (unsigned)strlen(name) + 1, 0);
    fwrite(name, 1, strlen(name) + 1, to);
    while (ftell(to) % 4 != 0)
        fputc(0, to);
    if (path)
        copy(to, path);
    while (ftell(to) % 4 != 0)
        fputc(0, to);
}

/* As PID 1 the next kernel gets what this one has: the recorder, its script and the kernels. */
static int next_initrd(const struct next_kernel *next)
{
    if (next->initrd)
        return open(next->initrd, O_RDONLY | O_CLOEXEC);
    FILE *f = fopen("/initrd.next", "w+b");
    if (!f)
        return -1;
    archive(f, "dev", NULL, 0040755);
    archive(f, "proc", NULL, 0040755);
    archive(f, "init", "/proc/self/exe", 0100755);
    archive(f, "script", next->script, 0100644);
    archive(f, "vmlinuz", "/vmlinuz", 0100644);
    archive(f, "vmlinuz.other", "/vmlinuz.other", 0100644);
    archive(f, "TRAILER!!!", NULL, 0);
    fclose(f);
    return open("/initrd.next", O_RDONLY | O_CLOEXEC);
}

/* The command line of the next kernel: that of this one, what the step adds, and where to go on. */
static void next_cmdline(struct text *t, const struct next_kernel *next, int step)
{
    char now[4096] = "";
    FILE *f = fopen("/proc/cmdline", "r");
    if (f) {
        if (!fgets(now, sizeof(now), f))
            now[0] = '\0';
        fclose(f);
    }
    for (char *word = strtok(now, " \n"); word; word = strtok(NULL, " \n"))
        if (strncmp(word, "recorder.step=", 14) != 0 && strncmp(word, "recorder.boot=", 14) != 0 && strncmp(word, "recorder.other=", 15) != 0
            && strncmp(word, "luotest.", 8) != 0)
            put(t, "%s ", word);
    put(t, "%s%srecorder.step=%d recorder.boot=%d", next->additions, next->additions[0] ? " " : "", step, next->boot + 1);
}

int load_next(const struct next_kernel *next, int step)
{
    static char buffer[8192];
    struct text t = { buffer, sizeof(buffer), 0 };
    next_cmdline(&t, next, step);
    /* Kernels are named by what they were at the first boot: the other one of the other one is the first. */
    const char *swapped = parameter("recorder.other");
    bool now_other = swapped && is(swapped, "1");
    put(&t, " recorder.other=%d", now_other != next->other);
    const char *path = next->kernels[next->other ? 1 : 0];
    int kernel = open(path ? path : "", O_RDONLY | O_CLOEXEC);
    if (kernel < 0)
        return -1;
    int rd = next_initrd(next);
    int r = (int)syscall(SYS_kexec_file_load, kernel, rd, (unsigned long)t.length + 1, buffer, rd < 0 ? 4UL /* KEXEC_FILE_NO_INITRAMFS */ : 0UL);
    int error = errno;
    close(kernel);
    if (rd >= 0)
        close(rd);
    errno = error;
    return r;
}
