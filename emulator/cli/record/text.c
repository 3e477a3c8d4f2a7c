/* Texts: answers and steps. */
#define _GNU_SOURCE
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "recorder.h"

void die(const char *format, ...)
{
    va_list args;
    va_start(args, format);
    fprintf(stderr, "recorder: ");
    vfprintf(stderr, format, args);
    fprintf(stderr, "\n");
    va_end(args);
    exit(2);
}

void put(struct text *t, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    int n = vsnprintf(t->at + t->length, t->size - t->length, format, args);
    va_end(args);
    if (n > 0)
        t->length = t->length + (size_t)n < t->size ? t->length + (size_t)n : t->size - 1;
}

void put_string(struct text *t, const char *s, size_t length)
{
    put(t, "\"");
    for (size_t i = 0; i < length; i++) {
        unsigned char c = (unsigned char)s[i];
        if (c == '"' || c == '\\')
            put(t, "\\%c", c);
        else if (c < 0x20 || c >= 0x7f)
            put(t, "\\u%04x", c);
        else
            put(t, "%c", c);
    }
    put(t, "\"");
}

int split(char *step, char **words)
{
    int n = 0;
    for (int i = 0; i < WORDS; i++)
        words[i] = "";
    char *p = step;
    for (;;) {
        while (*p == ' ')
            p++;
        if (*p == '\0' || n == WORDS)
            return n;
        if (*p == '"') {
            char *out = ++p;
            words[n++] = out;
            while (*p != '\0' && *p != '"') {
                if (*p == '\\' && p[1] != '\0')
                    p++;
                *out++ = *p++;
            }
            if (*p != '\0')
                p++;
            *out = '\0';
        } else {
            words[n++] = p;
            while (*p != '\0' && *p != ' ')
                p++;
            if (*p != '\0')
                *p++ = '\0';
        }
    }
}

bool is(const char *word, const char *other) { return strcmp(word, other) == 0; }
