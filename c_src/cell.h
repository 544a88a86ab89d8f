/* A cell: the interval between two neighbouring magnitudes of a format, and where in it a value lies. */
#ifndef NF_CELL_H
#define NF_CELL_H

#include "number.h"

typedef struct nf_cell {
    uint64_t low;             /* code of the neighbour below, or of the value itself */
    uint64_t step;            /* the neighbour above is low + step */
    uint64_t tail;            /* distance from low in cells, times 2**64, cut */
    uint8_t sticky;           /* more was cut from the tail */
    uint8_t significand_even; /* the last bit of low's significand (tapered formats: of its code) is 0 */
    uint8_t outside;          /* beyond the largest finite value, whatever the rounding */
    uint8_t forced;           /* up unless exact, whatever the rounding (tapered formats never round to 0) */
} nf_cell;

/* The tail as an exact fraction numerator / (divisor * 2**shift), for comparisons that need more than 64 bits.  Divisor
 * NF_ENDLESS: it is irrational, and the family gives its digits. */
enum { NF_ENDLESS = 0 };

typedef struct nf_fraction {
    unsigned __int128 numerator;
    uint64_t divisor;
    int64_t shift;
    int64_t taken; /* bits of the number behind its significand that are a part of the numerator: more may follow */
} nf_fraction;

/* Does something of a number follow `taken` bits behind its significand? */
NF_INLINE int goes_on_behind(const nf_unpacked *x, int64_t taken)
{
    return x->sticky | (taken < 64 && x->more << taken != 0);
}

/* Cut `shift` >= 0 low bits off a significand: the integer left, and tail and sticky of the cell. */
NF_INLINE uint64_t cut_bits(uint64_t significand, int64_t shift, nf_cell *cell)
{
    if (shift == 0) {
        cell->tail = cell->sticky = 0;
        return significand;
    }
    if (shift < 64) {
        cell->tail = significand << (64 - shift);
        cell->sticky = 0;
        return significand >> shift;
    }
    int64_t more = shift - 64;
    cell->tail = more > 63 ? 0 : significand >> more;
    cell->sticky = more > 63 || (more && significand << (64 - more));
    return 0;
}

/* The same of a number, with what follows its significand. */
NF_INLINE uint64_t cut_number(const nf_unpacked *x, int64_t shift, nf_cell *cell)
{
    const uint64_t kept = cut_bits(x->significand, shift, cell);
    if (!goes_on(x))
        return kept;
    cell->tail |= shift < 64 ? x->more >> shift : 0;
    cell->sticky |= x->sticky | (shift > 63 ? x->more != 0 : shift && x->more << (64 - shift) != 0);
    return kept;
}

/* The low `cut` bits (1..127) of `bits`, which end as the significand of x does, and what follows that, as a tail. */
NF_INLINE void cut_string(unsigned __int128 bits, int cut, const nf_unpacked *x, nf_cell *cell)
{
    unsigned __int128 tail = bits << (128 - cut);
    cell->sticky = x->sticky;
    if (x->more) {
        tail |= cut <= 64 ? (unsigned __int128)x->more << (64 - cut) : x->more >> (cut - 64);
        cell->sticky |= cut > 64 && x->more << (128 - cut);
    }
    cell->tail = (uint64_t)(tail >> 64);
    cell->sticky |= (uint64_t)tail != 0;
}

/* The low `shift` >= 0 bits of a significand, and the 64 behind it, in units of 2**shift of its last one. */
NF_INLINE nf_fraction fraction_below(const nf_unpacked *x, int64_t shift)
{
    const uint64_t kept = shift < 64 ? x->significand & (((uint64_t)1 << shift) - 1) : x->significand;
    if (!x->more)
        return (nf_fraction){kept, 1, shift, 0};
    return (nf_fraction){(unsigned __int128)kept << 64 | x->more, 1, shift + 64, 64};
}

/* The next 32 binary digits of a fraction, which keeps the rest. */
static __attribute__((unused)) uint32_t next_digits(nf_fraction *f)
{
    if (f->shift >= 160) {
        f->shift -= 32;
        return 0;
    }
    if (f->shift < 32) {
        f->numerator <<= 32 - f->shift;
        f->shift = 32;
    }
    f->shift -= 32;
    if (f->shift >= 128)
        return 0;
    uint32_t digits = (uint32_t)((f->numerator >> f->shift) / f->divisor); /* the divisor's own shift may overflow */
    f->numerator -= ((unsigned __int128)digits * f->divisor) << f->shift;
    return digits;
}

#endif
