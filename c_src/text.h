/* Pieces of a spelling: a name, numbers, and words between commas. */
#ifndef NF_TEXT_H
#define NF_TEXT_H

#include <stddef.h>
#include <stdint.h>
#include <string.h>

/* `size` bytes, not ended by 0. */
typedef struct nf_text {
    const char *at;
    size_t size;
} nf_text;

static inline int is_blank(char c) { return c == ' ' || c == '\t' || c == '\n' || c == '\r'; }

static inline int is_digit(char c) { return c >= '0' && c <= '9'; }

static inline char small_letter(char c) { return c >= 'A' && c <= 'Z' ? (char)(c - 'A' + 'a') : c; }

static inline nf_text trimmed(nf_text t)
{
    for (; t.size && is_blank(t.at[0]); t.size--)
        t.at++;
    while (t.size && is_blank(t.at[t.size - 1]))
        t.size--;
    return t;
}

static inline nf_text text_of(const char *spelling)
{
    const nf_text whole = {spelling, strlen(spelling)};
    return trimmed(whole);
}

static inline int text_is(nf_text t, const char *word) { return strlen(word) == t.size && !memcmp(t.at, word, t.size); }

/* Is it one of the words of a list that are separated by spaces? */
static inline int text_is_one_of(nf_text t, const char *list)
{
    for (const char *end; *list; list = *end ? end + 1 : end) {
        end = strchr(list, ' ');
        end = end ? end : list + strlen(list);
        if ((size_t)(end - list) == t.size && t.size && !memcmp(t.at, list, t.size))
            return 1;
    }
    return 0;
}

/* The part before the first `mark`, which is taken off with it; the whole where there is none. */
static inline nf_text next_part(nf_text *rest, char mark)
{
    const char *found = rest->size ? memchr(rest->at, mark, rest->size) : NULL;
    nf_text part = {rest->at, found ? (size_t)(found - rest->at) : rest->size};
    const size_t taken = part.size + (found != NULL);
    rest->at += taken;
    rest->size -= taken;
    return trimmed(part);
}

/* Digits at the begin, taken off; 0 where there are none or they are no int64_t. */
static inline int next_digits_of(nf_text *t, int64_t *number)
{
    const size_t before = t->size;
    *number = 0;
    for (; t->size && is_digit(t->at[0]); t->at++, t->size--)
        if (__builtin_mul_overflow(*number, 10, number) || __builtin_add_overflow(*number, t->at[0] - '0', number))
            return 0;
    return t->size < before;
}

/* The whole text as an integer, with a sign or without. */
static inline int integer_in(nf_text t, int64_t *number)
{
    const int negative = t.size && t.at[0] == '-', has_sign = negative || (t.size && t.at[0] == '+');
    t.at += has_sign;
    t.size -= (size_t)has_sign;
    if (!next_digits_of(&t, number) || t.size)
        return 0;
    *number = negative ? -*number : *number;
    return 1;
}

/* A prefix, in small letters, taken off; capitals count as small ones. */
static inline int take(nf_text *t, const char *prefix)
{
    const size_t n = strlen(prefix);
    for (size_t i = 0; i < n; i++)
        if (i >= t->size || small_letter(t->at[i]) != prefix[i])
            return 0;
    t->at += n;
    t->size -= n;
    return 1;
}

#endif
