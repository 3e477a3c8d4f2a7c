/* What the parts of the recorder share. */
#ifndef RECORDER_H
#define RECORDER_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

#define WORDS 16      /* of a step, at most */
#define REPLY 8192    /* bytes of a step, and of an answer */
#define PROCESSES 512

/* Says what is wrong and ends the recorder. */
void die(const char *format, ...) __attribute__((format(printf, 1, 2), noreturn));

/* A text that grows in a buffer; what does not fit is left out. */
struct text { char *at; size_t size, length; };

void put(struct text *t, const char *format, ...) __attribute__((format(printf, 2, 3)));
/* A JSON string. What is no printable ASCII is escaped. */
void put_string(struct text *t, const char *s, size_t length);
/* Cuts a step into words; what is in double quotes is one word, without them. Returns how many; empty ones follow up to WORDS. */
int split(char *step, char **words);
bool is(const char *word, const char *other);

/* The fields of an answer: a number or errno, a descriptor (which goes into a slot) or errno. */
void give(struct text *t, long long result);
void give_fd(struct text *t, const char *slot, int fd);

/* The descriptor in a slot of this process; -1 where there is none. */
int slot(const char *name);
/* One call; `w` are the words behind the process's name. False: there is no such call. */
bool call(struct text *t, char **w);
/* What the names of files begin with that the calls make in /dev/shm. */
extern char name_prefix[64];

/* The processes of the script: a child each, which makes its calls and answers over a socket. */
struct process { char name[64]; pid_t pid; int socket; };
extern struct process processes[PROCESSES];
/* The index of a process that runs, or -1. */
int process_named(const char *name);
void spawn(const char *name);
void kill_process(int i);
void send_fd(int socket, int fd);
int receive_fd(int socket);

/* What the next kernel is made of. */
struct next_kernel {
    const char *kernels[2];  /* this one, and the other one of a recording between two */
    const char *initrd;      /* NULL: as PID 1, one like this one's */
    const char *script;
    bool other;              /* the other one is loaded */
    char additions[2048];    /* to its command line */
    int boot;                /* which boot this is */
};

/* kexec_file_load(2) of a kernel that goes on behind `step`. */
int load_next(const struct next_kernel *next, int step);
/* The value of a parameter on the kernel's command line, or NULL. */
const char *parameter(const char *name);

#endif
