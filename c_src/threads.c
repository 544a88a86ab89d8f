/* A pool of sleeping threads.  It grows to what calls ask for, and a forked child begins with an empty one. */
#define _POSIX_C_SOURCE 200809L
#include "threads.h"

#if defined(__unix__) || defined(__APPLE__)
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>

/* One call of nf_parallel: range r holds the pieces next[r] .. end of it, and a thread that has done its own range
 * helps with the others. */
typedef struct task {
    nf_work *work;
    void *context;
    size_t pieces;
    uint32_t ranges;
    atomic_size_t next[NF_MOST_THREADS];
} task;

struct pool {
    pthread_mutex_t owner; /* held by the call that has the threads */
    pthread_mutex_t mutex; /* guards what follows */
    pthread_cond_t wake, done;
    task *task;
    uint32_t wanted;  /* threads that may still join the task */
    uint32_t working; /* threads that have joined it and not left */
    uint32_t started; /* the owner's alone, as the next */
    int is_fork_safe;
    atomic_uint calls; /* in progress */
};

static struct pool pool = {
    .owner = PTHREAD_MUTEX_INITIALIZER,
    .mutex = PTHREAD_MUTEX_INITIALIZER,
    .wake = PTHREAD_COND_INITIALIZER,
    .done = PTHREAD_COND_INITIALIZER,
};

static size_t range_begin(const task *t, uint32_t range)
{
    return t->pieces / t->ranges * range + (range < t->pieces % t->ranges ? range : t->pieces % t->ranges);
}

static void do_pieces(task *t, uint32_t mine)
{
    for (uint32_t k = 0; k < t->ranges; k++) {
        uint32_t range = (mine + k) % t->ranges;
        size_t end = range_begin(t, range + 1), piece;
        while ((piece = atomic_fetch_add_explicit(&t->next[range], 1, memory_order_relaxed)) < end)
            t->work(t->context, piece);
    }
}

static void *sleep_and_work(void *unused)
{
    pthread_mutex_lock(&pool.mutex);
    for (;;) {
        while (!pool.wanted)
            pthread_cond_wait(&pool.wake, &pool.mutex);
        task *t = pool.task;
        uint32_t range = pool.wanted--;
        pool.working++;
        pthread_mutex_unlock(&pool.mutex);
        do_pieces(t, range);
        pthread_mutex_lock(&pool.mutex);
        if (--pool.working == 0)
            pthread_cond_signal(&pool.done);
    }
    return unused;
}

/* All is as at the start of the program; the mutexes may have been held by threads that are gone. */
static void forget_threads(void)
{
    pthread_mutex_init(&pool.owner, NULL);
    pthread_mutex_init(&pool.mutex, NULL);
    pthread_cond_init(&pool.wake, NULL);
    pthread_cond_init(&pool.done, NULL);
    pool.task = NULL;
    pool.wanted = pool.working = pool.started = 0;
    atomic_store(&pool.calls, 0);
}

/* Signals stay with the threads of the program. */
static int start_thread(void)
{
    pthread_t thread;
    sigset_t all, before;
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    int is_started = pthread_create(&thread, NULL, sleep_and_work, NULL) == 0;
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    return is_started && pthread_detach(thread) == 0;
}

/* At most `helpers` threads that sleep; fewer where the system has no more. */
static uint32_t find_threads(uint32_t helpers)
{
    if (!pool.is_fork_safe)
        pool.is_fork_safe = pthread_atfork(NULL, NULL, forget_threads) == 0;
    while (pool.is_fork_safe && pool.started < helpers && start_thread())
        pool.started++;
    return pool.started < helpers ? pool.started : helpers;
}

static void do_together(task *t, uint32_t helpers)
{
    helpers = find_threads(helpers);
    t->ranges = helpers + 1;
    for (uint32_t range = 0; range < t->ranges; range++)
        atomic_init(&t->next[range], range_begin(t, range));
    pthread_mutex_lock(&pool.mutex);
    pool.task = t;
    pool.wanted = helpers;
    pthread_mutex_unlock(&pool.mutex);
    for (uint32_t i = 0; i < helpers; i++)
        pthread_cond_signal(&pool.wake);
    do_pieces(t, 0);
    pthread_mutex_lock(&pool.mutex);
    pool.wanted = 0;
    while (pool.working)
        pthread_cond_wait(&pool.done, &pool.mutex);
    pthread_mutex_unlock(&pool.mutex);
}

void nf_parallel(size_t pieces, uint32_t threads, nf_work *work, void *context)
{
    uint32_t others = atomic_fetch_add(&pool.calls, 1);
    threads = threads < NF_MOST_THREADS ? threads : NF_MOST_THREADS;
    threads = threads < pieces ? threads : (uint32_t)pieces;
    if (threads > others + 1 && pthread_mutex_trylock(&pool.owner) == 0) {
        task t = {.work = work, .context = context, .pieces = pieces};
        do_together(&t, threads - others - 1);
        pthread_mutex_unlock(&pool.owner);
    } else {
        for (size_t piece = 0; piece < pieces; piece++)
            work(context, piece);
    }
    atomic_fetch_sub(&pool.calls, 1);
}
#else
void nf_parallel(size_t pieces, uint32_t threads, nf_work *work, void *context)
{
    (void)threads;
    for (size_t piece = 0; piece < pieces; piece++)
        work(context, piece);
}
#endif
