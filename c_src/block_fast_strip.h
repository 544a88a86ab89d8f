/* The pieces that the fast loops of blocks take: a strip is a row of blocks side by side, or one block that is longer
 * than a strip. */
#ifndef NF_BLOCK_FAST_STRIP_H
#define NF_BLOCK_FAST_STRIP_H

#include "block_fast.h"

enum { STRIP = 1024 }; /* elements of a row at most: all that is kept of them stays in the first cache */

/* `rows` rows of neighbouring elements, of which all blocks of the strip have their part in each.  Where blocks lie
 * side by side a row has `width` columns of each; in the array's last block of an axis fewer. */
typedef struct block_strip {
    size_t number, blocks; /* of the first block; how many */
    size_t first;          /* element */
    size_t rows, columns;
    size_t inner_rows, inner_step, outer_step; /* row r begins r % inner_rows inner and r / inner_rows outer steps on */
    size_t last_columns;                       /* of the last of the inner rows */
    size_t width;
    int is_ragged; /* some blocks are shorter */
} block_strip;

static size_t row_begin(const block_strip *s, size_t row)
{
    return s->first + row / s->inner_rows * s->outer_step + row % s->inner_rows * s->inner_step;
}

static size_t row_columns(const block_strip *s, size_t row)
{
    return row % s->inner_rows == s->inner_rows - 1 ? s->last_columns : s->columns;
}

/* Are the rows' elements all neighbours? */
static int rows_follow(const block_strip *s)
{
    return s->rows == 1 || (s->rows == s->inner_rows && s->inner_step == s->columns);
}

/* Columns that the strip's block i has in a row. */
static size_t columns_of_block(const nf_block_shape *shape, const block_strip *s, size_t i)
{
    const size_t across = blocks_along(shape->columns, s->width);
    return shorter_of(s->width, shape->columns - (s->number + i) % across * s->width);
}

/* Blocks whose numbers lie apart: each column is one. */
static void strip_of_columns(const nf_block_shape *shape, const nf_tile *tile, size_t most, block_strip *s)
{
    s->blocks = shorter_of(shorter_of(most, STRIP), shape->inner - s->number % shape->inner);
    s->columns = s->last_columns = s->blocks;
    s->width = 1;
    s->inner_rows = tile->columns;
    s->inner_step = tile->column_step;
    s->rows = tile->rows * tile->columns;
}

/* One block by pieces of its rows. */
static void strip_of_one(const nf_tile *tile, block_strip *s)
{
    s->blocks = 1;
    s->columns = s->width = shorter_of(tile->columns, STRIP);
    s->inner_rows = (tile->columns - 1) / STRIP + 1;
    s->inner_step = STRIP;
    s->last_columns = tile->columns - (s->inner_rows - 1) * STRIP;
    s->rows = tile->rows * s->inner_rows;
}

/* Blocks side by side.  With one row each they may go on in the array's next row. */
static void strip_of_neighbours(const nf_block_shape *shape, const nf_tile *tile, size_t most, block_strip *s)
{
    const size_t across = blocks_along(shape->columns, shape->block_columns);
    s->width = shorter_of(shape->block_columns, shape->columns);
    s->inner_rows = 1;
    s->rows = tile->rows;
    if (shape->block_rows > 1)
        most = shorter_of(most, across - s->number % across);
    most = shorter_of(most, STRIP / s->width);
    s->is_ragged = shape->columns % s->width != 0;
    s->blocks = most;
    s->columns = s->is_ragged ? 0 : most * s->width;
    for (size_t i = 0; s->is_ragged && i < most; i++)
        s->columns += columns_of_block(shape, s, i);
    s->last_columns = s->columns;
}

/* The strip that begins with a block, of at most so many. */
static block_strip strip_at(const nf_block_shape *shape, size_t number, size_t most)
{
    const nf_tile tile = tile_at(shape, number);
    block_strip s = {.number = number, .first = tile.first, .outer_step = tile.row_step};
    if (shape->inner > 1)
        strip_of_columns(shape, &tile, most, &s);
    else if (shorter_of(shape->block_columns, shape->columns) > STRIP)
        strip_of_one(&tile, &s);
    else
        strip_of_neighbours(shape, &tile, most, &s);
    return s;
}

#endif
