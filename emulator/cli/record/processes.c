/* The processes of the script, and how descriptors get from one to another. */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>
#include "recorder.h"

#define CONTROL_FD 1000   /* out of the way of the descriptors that are recorded */

void send_fd(int socket, int fd)
{
    char byte = fd < 0 ? 0 : 1;
    union { char buffer[CMSG_SPACE(sizeof(int))]; struct cmsghdr align; } control = { { 0 } };
    struct iovec io = { &byte, 1 };
    struct msghdr m = { .msg_iov = &io, .msg_iovlen = 1 };
    if (fd >= 0) {
        m.msg_control = control.buffer;
        m.msg_controllen = sizeof(control.buffer);
        struct cmsghdr *c = CMSG_FIRSTHDR(&m);
        c->cmsg_level = SOL_SOCKET;
        c->cmsg_type = SCM_RIGHTS;
        c->cmsg_len = CMSG_LEN(sizeof(int));
        memcpy(CMSG_DATA(c), &fd, sizeof(int));
    }
    if (sendmsg(socket, &m, 0) < 0 && byte) {
        byte = 0;
        m.msg_controllen = 0;
        m.msg_control = NULL;
        sendmsg(socket, &m, 0);
    }
}

/* −1: none came; −2: there was one, but no number is left for it. */
int receive_fd(int socket)
{
    char byte = 0;
    union { char buffer[CMSG_SPACE(sizeof(int))]; struct cmsghdr align; } control = { { 0 } };
    struct iovec io = { &byte, 1 };
    struct msghdr m = { .msg_iov = &io, .msg_iovlen = 1, .msg_control = control.buffer, .msg_controllen = sizeof(control.buffer) };
    if (recvmsg(socket, &m, 0) < 1 || byte == 0)
        return -1;
    struct cmsghdr *c = CMSG_FIRSTHDR(&m);
    if (!c || c->cmsg_type != SCM_RIGHTS)
        return -2;
    int fd;
    memcpy(&fd, CMSG_DATA(c), sizeof(int));
    return fd;
}

struct process processes[PROCESSES];

static void serve(int control)
{
    static char step[REPLY], reply[REPLY];
    for (;;) {
        ssize_t n = recv(control, step, sizeof(step) - 1, 0);
        if (n <= 0)
            _exit(0);
        step[n] = '\0';
        char *words[WORDS];
        split(step, words);
        struct text t = { reply, sizeof(reply), 0 };
        t.at[0] = '\0';
        if (is(words[0], "\001send")) {
            send_fd(control, slot(words[1]));
            continue;
        }
        if (is(words[0], "\001receive")) {
            int fd = receive_fd(control);
            errno = EMFILE;
            give_fd(&t, words[1], fd);
        } else if (!call(&t, words)) {
            put(&t, "\001");
        }
        send(control, reply, t.length, 0);
    }
}

int process_named(const char *name)
{
    for (int i = 0; i < PROCESSES; i++)
        if (processes[i].pid > 0 && is(processes[i].name, name))
            return i;
    return -1;
}

void spawn(const char *name)
{
    int i = 0;
    while (i < PROCESSES && processes[i].pid > 0)
        i++;
    int pair[2];
    if (i == PROCESSES || socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair) < 0)
        die("no process can be started");
    fflush(NULL);
    pid_t pid = fork();
    if (pid < 0)
        die("fork: %s", strerror(errno));
    if (pid == 0) {
        if (dup2(pair[1], CONTROL_FD) < 0)
            _exit(1);
        int null = open("/dev/null", O_RDWR);
        for (int fd = 0; fd < 3; fd++)
            dup2(null, fd);
        for (int fd = 3; fd < 1024; fd++)
            if (fd != CONTROL_FD)
                close(fd);
        serve(CONTROL_FD);
    }
    close(pair[1]);
    snprintf(processes[i].name, sizeof(processes[i].name), "%s", name);
    processes[i].pid = pid;
    processes[i].socket = pair[0];
}

void kill_process(int i)
{
    kill(processes[i].pid, SIGKILL);
    waitpid(processes[i].pid, NULL, 0);
    close(processes[i].socket);
    processes[i].pid = 0;
}
