/*
 * Makes the steps of a script on the kernel that runs, and writes what came of each, one JSON object a line. The format is described
 * in the documentation of `lus` (docs/recordings.md); `lus replay` compares such a recording with the emulator.
 *
 *     recorder [options] SCRIPT [OUTPUT]
 *
 * As PID 1 it mounts what it needs, reads /script, writes to the console or where recorder.out= on the command line says, and
 * goes on after a kexec where it was: recorder.step= on the command line of the next kernel says where.
 */
#define _GNU_SOURCE
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/reboot.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/utsname.h>
#include <unistd.h>
#include "recorder.h"

/* ------------------------------------------------------------------ the kernel log */

static int kmsg = -1;

static bool remarkable(const char *line)
{
    return strncmp(line, "luo", 3) == 0 || strncmp(line, "KHO", 3) == 0 || strstr(line, "WARNING:") || strstr(line, "refcount_t:")
        || strstr(line, "Kernel panic");
}

/* What the kernel has said since the last time, as far as it belongs to live update. */
static void put_log(struct text *t)
{
    static char record[8192];
    bool any = false;
    for (;;) {
        ssize_t n = kmsg < 0 ? -1 : read(kmsg, record, sizeof(record) - 1);
        if (n < 0 && errno == EPIPE && kmsg >= 0)
            continue; /* the oldest records are gone */
        if (n <= 0)
            break;
        record[n] = '\0';
        char *line = strchr(record, ';');
        if (!line)
            continue;
        line++;
        line[strcspn(line, "\n")] = '\0';
        if (!remarkable(line))
            continue;
        put(t, any ? ", " : ", \"klog\": [");
        put_string(t, line, strlen(line));
        any = true;
    }
    if (any)
        put(t, "]");
}

/* ------------------------------------------------------------------ steps */

static bool loaded;
static struct next_kernel next;

static FILE *out;

static bool finish_line(struct text *t)
{
    put_log(t);
    fprintf(out, "%s}\n", t->at);
    fflush(out);
    return true;
}

static void pass(struct text *t, int from, int to, const char *name)
{
    char order[128];
    int n = snprintf(order, sizeof(order), "\001send %s", name);
    send(processes[from].socket, order, (size_t)n, 0);
    int fd = receive_fd(processes[from].socket);
    if (fd < 0) {
        put(t, ", \"errno\": \"EBADF\"");
        return;
    }
    n = snprintf(order, sizeof(order), "\001receive %s", name);
    send(processes[to].socket, order, (size_t)n, 0);
    send_fd(processes[to].socket, fd);
    close(fd);
    char reply[REPLY];
    ssize_t got = recv(processes[to].socket, reply, sizeof(reply) - 1, 0);
    put(t, "%.*s", (int)(got < 0 ? 0 : got), reply);
}

/* Makes a step and writes its line. False: the format has no such step. `number` is its number in the script, from 0. */
static bool make(const char *step, int number)
{
    static char line[4 * REPLY], copy_of_step[REPLY];
    char *words[WORDS];
    struct text t = { line, sizeof(line), 0 };
    snprintf(copy_of_step, sizeof(copy_of_step), "%s", step);
    int count = split(copy_of_step, words);
    put(&t, "{\"op\": ");
    put_string(&t, step, strlen(step));
    int process = process_named(words[0]);
    if (is(words[0], "spawn") && count == 2) {
        spawn(words[1]);
        give(&t, 0);
    } else if (is(words[0], "kill") && process_named(words[1]) >= 0) {
        kill_process(process_named(words[1]));
        give(&t, 0);
    } else if (is(words[0], "pass") && process_named(words[1]) >= 0 && process_named(words[2]) >= 0) {
        pass(&t, process_named(words[1]), process_named(words[2]), words[3]);
    } else if (is(words[0], "load") || is(words[0], "load_other")) {
        next.other = is(words[0], "load_other");
        const char *more = strchr(step, ' ');
        snprintf(next.additions, sizeof(next.additions), "%s", more ? more + 1 : "");
        int r = load_next(&next, number + 1);
        loaded = r >= 0;
        give(&t, r);
    } else if (is(words[0], "unload")) {
        loaded = false;
        give(&t, syscall(SYS_kexec_file_load, -1, -1, 0UL, NULL, 1UL /* KEXEC_FILE_UNLOAD */));
    } else if (is(words[0], "kexec")) {
        /* The next kernel goes on behind this step, and writes its line. */
        if (loaded)
            load_next(&next, number + 1);
        give(&t, reboot(RB_KEXEC));
    } else if (process >= 0) {
        const char *rest = step + strlen(words[0]);
        while (*rest == ' ')
            rest++;
        char reply[REPLY];
        send(processes[process].socket, rest, strlen(rest), 0);
        ssize_t n = recv(processes[process].socket, reply, sizeof(reply) - 1, 0);
        if (n <= 0)
            die("step %d, %s: the process has ended", number + 1, step);
        if (reply[0] == '\001')
            return false;
        put(&t, "%.*s", (int)n, reply);
    } else {
        return false;
    }
    return finish_line(&t);
}

/* The op of a recording's line, so that a recording can be made again; the line itself where it is none. Empty: nothing to do. */
static void step_of(char *line)
{
    line[strcspn(line, "\r\n")] = '\0';
    char *op = strstr(line, "{\"op\": \"");
    if (!op) {
        if (line[0] == '{' || line[0] == '#')
            line[0] = '\0';
        return;
    }
    char *to = line;
    for (char *p = op + 8; *p != '\0' && *p != '"'; p++) {
        if (*p == '\\' && p[1] != '\0')
            p++;
        *to++ = *p;
    }
    *to = '\0';
}

static void remove_named(void)
{
    DIR *d = opendir("/dev/shm");
    struct dirent *entry;
    while (d && (entry = readdir(d)))
        if (strncmp(entry->d_name, name_prefix, strlen(name_prefix)) == 0)
            unlinkat(dirfd(d), entry->d_name, 0);
    if (d)
        closedir(d);
}

/* ------------------------------------------------------------------ beginning */

static void mount_all(void)
{
    mkdir("/proc", 0755);
    mkdir("/dev", 0755);
    mount("proc", "/proc", "proc", 0, NULL);
    mount("devtmpfs", "/dev", "devtmpfs", 0, NULL);
    mkdir("/dev/shm", 01777);
    mount("tmpfs", "/dev/shm", "tmpfs", 0, NULL);
}

static void boot_line(void)
{
    static char line[65536];
    struct text t = { line, sizeof(line), 0 };
    struct utsname name;
    uname(&name);
    put(&t, "{\"boot\": %d, \"release\": ", next.boot);
    put_string(&t, name.release, strlen(name.release));
    finish_line(&t);
}

static void usage(void)
{
    fprintf(stderr, "usage: recorder [--allow-kexec] [--kernel FILE] [--other-kernel FILE] [--initrd FILE] SCRIPT [OUTPUT]\n");
    exit(2);
}

int main(int argc, char **argv)
{
    bool init = getpid() == 1, allow_kexec = init;
    const char *output = NULL;
    if (init) {
        mount_all();
        next.script = "/script";
        next.kernels[0] = "/vmlinuz";
        next.kernels[1] = "/vmlinuz.other";
        output = parameter("recorder.out") ? parameter("recorder.out") : "/dev/console";
    }
    for (int i = 1; i < argc && !init; i++) {
        if (is(argv[i], "--allow-kexec"))
            allow_kexec = true;
        else if (is(argv[i], "--kernel") && i + 1 < argc)
            next.kernels[0] = argv[++i];
        else if (is(argv[i], "--other-kernel") && i + 1 < argc)
            next.kernels[1] = argv[++i];
        else if (is(argv[i], "--initrd") && i + 1 < argc)
            next.initrd = argv[++i];
        else if (argv[i][0] == '-')
            usage();
        else if (!next.script)
            next.script = argv[i];
        else if (!output)
            output = argv[i];
        else
            usage();
    }
    if (!next.script)
        usage();
    FILE *script = fopen(next.script, "r");
    if (!script)
        die("%s: %s", next.script, strerror(errno));
    const char *step_text = parameter("recorder.step"), *boot_text = parameter("recorder.boot"), *other = parameter("recorder.other");
    int from = step_text && allow_kexec ? atoi(step_text) : 0;
    next.boot = boot_text && allow_kexec ? atoi(boot_text) : 0;
    if (other && is(other, "1")) {
        const char *first = next.kernels[0];
        next.kernels[0] = next.kernels[1];
        next.kernels[1] = first;
    }
    out = output ? fopen(output, next.boot > 0 ? "a" : "w") : stdout;
    if (!out)
        die("%s: %s", output, strerror(errno));
    snprintf(name_prefix, sizeof(name_prefix), "lus-recorder-%d-", (int)getpid());
    kmsg = open("/dev/kmsg", O_RDONLY | O_NONBLOCK | O_CLOEXEC);
    if (kmsg >= 0 && next.boot == 0 && !init)
        lseek(kmsg, 0, SEEK_END);
    signal(SIGPIPE, SIG_IGN);
    if (next.boot > 0)
        fprintf(out, "{\"op\": \"kexec\", \"ret\": 0}\n");
    boot_line();

    static char line[REPLY];
    for (int n = 0; fgets(line, sizeof(line), script);) {
        step_of(line);
        if (line[0] == '\0')
            continue;
        if (n++ < from)
            continue;
        if (!allow_kexec && (strncmp(line, "kexec", 5) == 0 || strncmp(line, "load", 4) == 0))
            die("step %d, %s: give --allow-kexec on a machine that may be rebooted", n, line);
        if (!make(line, n - 1))
            die("step %d, %s: there is no such step, or no such process", n, line);
    }
    for (int i = 0; i < PROCESSES; i++)
        if (processes[i].pid > 0)
            kill_process(i);
    remove_named();
    fclose(out);
    if (init) {
        sync();
        reboot(RB_POWER_OFF);
    }
    return 0;
}
