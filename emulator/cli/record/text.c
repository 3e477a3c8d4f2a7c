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

/* The number of bytes of the UTF-8 code point at `s` (the Unicode Standard, table 3-7), or 0. */
static size_t code_point(const unsigned char *s, size_t length)
{
    unsigned char low = 0x80, high = 0xbf;
    size_t n = s[0] < 0x80 ? 1 : s[0] < 0xe0 ? 2 : s[0] < 0xf0 ? 3 : 4;
    if (n == 1)
        return 1;
    if (s[0] < 0xc2 || s[0] > 0xf4 || n > length)
        return 0;
    if (s[0] == 0xe0)
        low = 0xa0;
    else if (s[0] == 0xed)
        high = 0x9f;
    else if (s[0] == 0xf0)
        low = 0x90;
    else if (s[0] == 0xf4)
        high = 0x8f;
    if (s[1] < low || s[1] > high)
        return 0;
    for (size_t i = 2; i < n; i++)
        if (s[i] < 0x80 || s[i] > 0xbf)
            return 0;
    return n;
}

/* Bytes as a JSON string: valid UTF-8 as it is, every other byte as the lone surrogate U+DC00 + byte. */
void put_string(struct text *t, const char *s, size_t length)
{
    put(t, "\"");
    for (size_t i = 0; i < length;) {
        unsigned char c = (unsigned char)s[i];
        size_t n = code_point((const unsigned char *)s + i, length - i);
        if (c == '"' || c == '\\')
            put(t, "\\%c", c);
        else if (c < 0x20 || c == 0x7f)
            put(t, "\\u%04x", c);
        else if (n == 0)
            put(t, "\\udc%02x", c);
        else
            put(t, "%.*s", (int)n, s + i);
        i += n == 0 ? 1 : n;
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
