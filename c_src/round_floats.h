/* Rounding floats in place for the sampler, with a count of what saturated.  Included per instruction set by
 * kernels.inc. */
#ifndef NF_ROUND_FLOATS_H
#define NF_ROUND_FLOATS_H

/* The magnitude beyond which a number may overflow; -1: any may. */
static float largest_inside(const nf_grid *grid)
{
    nf_unpacked above, below;
    if (grid->lacks_zero) /* 0 is outside */
        return -1;
    nf_unpack_code(grid, grid->max_magnitude, &above);
    nf_unpack_code(grid, code_of(grid, grid->min_magnitude, grid->sign_bit != 0), &below);
    const double high = pack_f64(&above), low = fabs(pack_f64(&below)), end = high < low ? high : low;
    const float near = (float)end;
    return (double)near > end ? nextafterf(near, 0) : near;
}

static int is_any_beyond(const float *x, size_t n, float limit)
{
    int found = 0;
    for (size_t i = 0; i < n; i++)
        found |= !(fabsf(x[i]) <= limit);
    return found;
}

/* How many of the numbers that may overflow do: the general loop knows. */
static uint64_t count_saturated(const nf_job *job, float limit)
{
    const float *x = job->x;
    uint64_t saturated = 0;
    for (size_t i = 0; i < job->n; i++) {
        if (fabsf(x[i]) <= limit)
            continue;
        float unused;
        nf_plan plan;
        nf_job one = nf_job_piece(job, i, 1, &plan);
        one.y = &unused;
        run_general(&one);
        saturated += one.saturated;
    }
    return saturated;
}

/* Round `n` floats in place; the first is element `offset` of the plan's call.  Returns NF_FAILED_... of the first that
 * failed, and its index.  `saturated` may be NULL. */
static uint32_t round_floats(const nf_plan *plan, uint64_t offset, float *x, size_t n, size_t *failed_at,
                             uint64_t *saturated)
{
    nf_plan shifted = *plan;
    shifted.options.first += offset;
    const float limit = saturated ? largest_inside(&plan->grid) : INFINITY;
    nf_job job = {.plan = &shifted,
                  .x = x,
                  .x_type = NF_F32,
                  .x_size = sizeof *x,
                  .y = x,
                  .y_type = NF_F32,
                  .y_size = sizeof *x,
                  .to_values = 1,
                  .n = n,
                  .whole_n = n};
    if (saturated && is_any_beyond(x, n, limit))
        *saturated += count_saturated(&job, limit);
    NF_PASTE(run_, NF_ISA)(&job);
    *failed_at = job.failed_at;
    return job.failed;
}

#endif
