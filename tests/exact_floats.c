/* Operations on IEEE binary floats, exact and rounded once, fast enough for tens of millions: a second opinion that
 * shares nothing with the library, judged by oracle_arithmetic.py.
 * usage: exact_floats EXPONENT_BITS FRACTION_BITS OPERATION MODE BITS VARIANT before|after
 * On the input: three arrays of operands and one of random words, all of n numbers of 64 bits; on the output: n codes,
 * then n bytes of flags.  Fraction bits up to 52. */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

typedef unsigned __int128 wide;
typedef struct huge {
    wide high, low;
} huge;

enum { ZERO, FINITE, INFINITE, NOT_A_NUMBER };
enum { INVALID = 1, DIVIDE_BY_ZERO = 2, OVERFLOWS = 4, UNDERFLOWS = 8, INEXACT = 16, UNDECIDED = 128 };
enum { TOP = 249 /* where the first bit of what is rounded stands */, APART = 140 };

/* (-1)**sign * (size + something less than 1 where sticky) * 2**exponent. */
typedef struct number {
    int kind, sign, sticky;
    huge size;
    int64_t exponent;
} number;

static int exponent_bits, fraction_bits, random_bits, tiny_before;
static const char *mode;
static char variant;

static int64_t emin(void) { return 2 - ((int64_t)1 << (exponent_bits - 1)); }
static uint64_t infinity_code(void) { return (((uint64_t)1 << exponent_bits) - 1) << fraction_bits; }

static huge left(huge x, int by)
{
    if (by >= 128)
        return left((huge){x.low, 0}, by - 128);
    return by ? (huge){x.high << by | x.low >> (128 - by), x.low << by} : x;
}

static huge right(huge x, int by)
{
    if (by >= 256)
        return (huge){0, 0};
    if (by >= 128)
        return right((huge){0, x.high}, by - 128);
    return by ? (huge){x.high >> by, x.low >> by | x.high << (128 - by)} : x;
}

static int is_less(huge a, huge b) { return a.high < b.high || (a.high == b.high && a.low < b.low); }
static int is_zero(huge a) { return !a.high && !a.low; }

static huge plus(huge a, huge b)
{
    const wide low = a.low + b.low;
    return (huge){a.high + b.high + (low < a.low), low};
}

static huge minus(huge a, huge b) { return (huge){a.high - b.high - (a.low < b.low), a.low - b.low}; }

static int length(huge x)
{
    int n = 0;
    for (int step = 128; step; step /= 2)
        if (!is_zero(right(x, n + step)))
            n += step;
    return n + !is_zero(x);
}

static number decode(uint64_t code)
{
    const uint64_t magnitude = code & (((uint64_t)1 << (exponent_bits + fraction_bits)) - 1);
    const uint64_t field = magnitude >> fraction_bits, fraction = magnitude & (((uint64_t)1 << fraction_bits) - 1);
    number x = {FINITE, (int)(code >> (exponent_bits + fraction_bits)) & 1, 0, {0, fraction}, emin() - fraction_bits};
    if (magnitude >= infinity_code())
        x.kind = fraction ? NOT_A_NUMBER : INFINITE;
    else if (!magnitude)
        x.kind = ZERO;
    else if (field) {
        x.size.low |= (uint64_t)1 << fraction_bits;
        x.exponent += (int64_t)field - 1;
    }
    return x;
}

static number special(int kind, int sign) { return (number){.kind = kind, .sign = sign}; }

static number invalid(int *flags)
{
    *flags |= INVALID;
    return special(NOT_A_NUMBER, 0);
}

static number product(number a, number b, int *flags)
{
    const int sign = a.sign ^ b.sign;
    if (a.kind == NOT_A_NUMBER || b.kind == NOT_A_NUMBER)
        return special(NOT_A_NUMBER, 0);
    if (a.kind == INFINITE || b.kind == INFINITE)
        return a.kind == ZERO || b.kind == ZERO ? invalid(flags) : special(INFINITE, sign);
    if (a.kind == ZERO || b.kind == ZERO)
        return special(ZERO, sign);
    return (number){FINITE, sign, 0, {0, a.size.low * b.size.low}, a.exponent + b.exponent};
}

/* Finite, not 0; a has at most 106 bits.  Where they are so far apart that the lesser is below a quarter of the last
 * place of the greater, any number as small rounds alike. */
static number total(number a, number b)
{
    if (b.exponent > a.exponent) {
        const number other = a;
        a = b;
        b = other;
    }
    if (a.exponent - b.exponent > APART) {
        b.size = (huge){0, 1};
        b.exponent = a.exponent - APART;
    }
    a.size = left(a.size, (int)(a.exponent - b.exponent));
    a.exponent = b.exponent;
    if (a.sign == b.sign)
        a.size = plus(a.size, b.size);
    else if (is_less(a.size, b.size)) {
        a.size = minus(b.size, a.size);
        a.sign = b.sign;
    } else
        a.size = minus(a.size, b.size);
    return a;
}

static number sum(number a, number b, int *flags)
{
    const int of_zero = !strcmp(mode, "down");
    if (a.kind == NOT_A_NUMBER || b.kind == NOT_A_NUMBER)
        return special(NOT_A_NUMBER, 0);
    if (a.kind == INFINITE || b.kind == INFINITE) {
        if (a.kind == b.kind && a.sign != b.sign)
            return invalid(flags);
        return special(INFINITE, a.kind == INFINITE ? a.sign : b.sign);
    }
    if (a.kind == ZERO && b.kind == ZERO)
        return special(ZERO, a.sign == b.sign ? a.sign : of_zero);
    if (a.kind == ZERO || b.kind == ZERO)
        return a.kind == ZERO ? b : a;
    a = total(a, b);
    return is_zero(a.size) ? special(ZERO, of_zero) : a;
}

/* The first 128 bits of the quotient, digit by digit 64 at a time. */
static number quotient(number a, number b, int *flags)
{
    const int sign = a.sign ^ b.sign;
    if (a.kind == NOT_A_NUMBER || b.kind == NOT_A_NUMBER)
        return special(NOT_A_NUMBER, 0);
    if (a.kind == b.kind && a.kind != FINITE)
        return invalid(flags);
    if (b.kind == ZERO && a.kind == FINITE)
        *flags |= DIVIDE_BY_ZERO;
    if (a.kind == INFINITE || b.kind == ZERO)
        return special(INFINITE, sign);
    if (a.kind == ZERO || b.kind == INFINITE)
        return special(ZERO, sign);
    const wide divisor = b.size.low, whole = a.size.low / divisor, rest = a.size.low % divisor;
    const wide middle = (rest << 64) / divisor, more = (rest << 64) % divisor;
    huge size = plus(left((huge){0, whole}, 128), left((huge){0, middle}, 64));
    size = plus(size, (huge){0, (more << 64) / divisor});
    return (number){FINITE, sign, (more << 64) % divisor != 0, size, a.exponent - b.exponent - 128};
}

/* 110 bits of the root, one a step. */
static number root(number a, int *flags)
{
    enum { ROOT_BITS = 110 };
    if (a.kind == NOT_A_NUMBER || a.kind == ZERO)
        return special(a.kind, a.kind == ZERO ? a.sign : 0);
    if (a.sign)
        return invalid(flags);
    if (a.kind == INFINITE)
        return a;
    int shift = 2 * ROOT_BITS - 1 - length(a.size);
    shift += (int)((a.exponent - shift) & 1);
    const huge x = left(a.size, shift);
    wide found = 0, rest = 0;
    for (int bit = 2 * ROOT_BITS - 2; bit >= 0; bit -= 2) {
        rest = rest << 2 | ((uint64_t)right(x, bit).low & 3);
        const wide step = found << 2 | 1;
        found <<= 1;
        if (rest >= step) {
            rest -= step;
            found |= 1;
        }
    }
    return (number){FINITE, 0, rest != 0, {0, found}, (a.exponent - shift) / 2};
}

static number operate(const char *name, number a, number b, number c, int *flags)
{
    if (!strcmp(name, "add"))
        return sum(a, b, flags);
    if (!strcmp(name, "subtract")) {
        b.sign ^= 1;
        return sum(a, b, flags);
    }
    if (!strcmp(name, "multiply"))
        return product(a, b, flags);
    if (!strcmp(name, "divide"))
        return quotient(a, b, flags);
    if (!strcmp(name, "sqrt"))
        return root(a, flags);
    a = c.kind == NOT_A_NUMBER ? c : product(a, b, flags);
    return sum(a, c, flags);
}

/* Away from zero by a random word?  The tail is x / 2**(bits + 2) and something where `more`. */
static int draws_away(uint64_t x, int more, uint64_t word, int *flags)
{
    const int bits = random_bits ? random_bits : 32;
    const uint64_t one = (uint64_t)1 << bits, r = word & (one - 1), half = x & 3;
    if (!random_bits) {
        const int away = 4 * r >= 4 * one - x, stays = 4 * (r + 1) + (more != 0) <= 4 * one - x;
        *flags |= !away && !stays ? UNDECIDED : 0;
        return away;
    }
    if (variant == 'A')
        return r >= one - (x >> 2);
    if (variant == 'B')
        return r >= (2 * one - (x >> 1)) / 2;
    return r >= one - (x >> 2) - (half == 3 || (half == 2 && (more || (x >> 2) & 1)));
}

/* Cut behind bit `cut` of a size whose first bit is TOP, and round. */
static uint64_t cut_at(const number *x, int64_t cut, uint64_t word, int *inexact, int *flags)
{
    const int by = cut > 256 ? 256 : (int)cut;
    const uint64_t kept = (uint64_t)right(x->size, by).low;
    const huge tail = minus(x->size, left(right(x->size, by), by));
    const int half = cut <= 256 && (right(x->size, by - 1).low & 1);
    const int rest = x->sticky || !is_zero(minus(tail, half ? left((huge){0, 1}, by - 1) : (huge){0, 0}));
    const int odd = kept & 1, over = half && rest, tie = half && !rest, any = half || rest;
    int away = 0;
    *inexact = any;
    if (!strcmp(mode, "jam")) {
        *inexact |= !odd;
        return kept | 1;
    }
    if (!strncmp(mode, "nearest_", 8)) {
        const char *ties = mode + 8;
        const int goes = !strcmp(ties, "even")   ? odd
                         : !strcmp(ties, "odd")  ? !odd
                         : !strcmp(ties, "away") ? 1
                         : !strcmp(ties, "zero") ? 0
                         : !strcmp(ties, "up")   ? !x->sign
                                                 : x->sign;
        away = over || (tie && goes);
    } else if (!strcmp(mode, "away_from_zero"))
        away = any;
    else if (!strcmp(mode, "up") || !strcmp(mode, "down"))
        away = any && x->sign == (*mode == 'd');
    else if (!strcmp(mode, "to_odd"))
        away = any && !odd;
    else if (!strcmp(mode, "stochastic") && any) {
        const int bits = (random_bits ? random_bits : 32) + 2;
        const uint64_t first = cut > 256 + bits ? 0 : (uint64_t)(cut >= bits ? right(tail, (int)cut - bits) : tail).low;
        const int more =
            x->sticky || cut > 256 + bits || !is_zero(minus(tail, left((huge){0, first}, (int)cut - bits)));
        away = draws_away(first, more, word, flags);
    }
    return kept + (uint64_t)away;
}

/* Does a finite overflow become infinite? */
static int leaves(int sign)
{
    if (!strcmp(mode, "up") || !strcmp(mode, "down"))
        return sign == (*mode == 'd');
    return strcmp(mode, "toward_zero") && strcmp(mode, "to_odd") && strcmp(mode, "jam");
}

/* Is it below the smallest normal number, by itself or rounded as if exponents had no limit? */
static int is_tiny(const number *x, int64_t top, uint64_t word)
{
    int ignored;
    if (top >= emin() || tiny_before)
        return top < emin();
    const uint64_t rounded = cut_at(x, TOP - fraction_bits, word, &ignored, &ignored);
    return top < emin() - 1 || !(rounded >> (fraction_bits + 1));
}

static uint64_t round_finite(number x, uint64_t word, int *flags)
{
    const int shift = TOP + 1 - length(x.size);
    x.size = left(x.size, shift);
    x.exponent -= shift;
    const int64_t top = x.exponent + TOP, field = top > emin() ? top - emin() : 0;
    const int64_t cut = emin() + field - fraction_bits - x.exponent;
    int inexact;
    uint64_t code = cut_at(&x, cut, word, &inexact, flags) + ((uint64_t)field << fraction_bits);
    if (field >= (int64_t)1 << exponent_bits || code >= infinity_code()) {
        *flags |= OVERFLOWS | INEXACT;
        return infinity_code() - !leaves(x.sign);
    }
    *flags |= inexact ? INEXACT | (is_tiny(&x, top, word) ? UNDERFLOWS : 0) : 0;
    return code;
}

static uint64_t encode(number x, uint64_t word, int *flags)
{
    const uint64_t sign = (uint64_t)x.sign << (exponent_bits + fraction_bits);
    if (x.kind == NOT_A_NUMBER)
        return infinity_code() | (uint64_t)1 << (fraction_bits - 1);
    if (x.kind == INFINITE)
        return sign | infinity_code();
    return x.kind == ZERO ? sign : sign | round_finite(x, word, flags);
}

int main(int count, char **arguments)
{
    if (count != 8)
        return 2;
    exponent_bits = atoi(arguments[1]);
    fraction_bits = atoi(arguments[2]);
    mode = arguments[4];
    random_bits = atoi(arguments[5]);
    variant = *arguments[6];
    tiny_before = !strcmp(arguments[7], "before");
    size_t size = 1 << 20, bytes = 0, got;
    char *memory = malloc(size);
    while (memory && (got = fread(memory + bytes, 1, size - bytes, stdin)) > 0)
        if ((bytes += got) == size)
            memory = realloc(memory, size *= 2);
    const size_t n = bytes / 32;
    uint64_t *x = (uint64_t *)memory;
    uint8_t *raised = malloc(n + 1);
    if (!x || !raised)
        return 1;
    for (size_t i = 0; i < n; i++) {
        int flags = 0;
        const number found = operate(arguments[3], decode(x[i]), decode(x[n + i]), decode(x[2 * n + i]), &flags);
        x[i] = encode(found, x[3 * n + i], &flags);
        raised[i] = (uint8_t)flags;
    }
    fwrite(x, 8, n, stdout);
    fwrite(raised, 1, n, stdout);
    free(raised);
    free(x);
    return 0;
}
