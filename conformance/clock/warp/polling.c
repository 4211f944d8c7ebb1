/* Waits for descriptors. Where milliseconds are too coarse for a wait cut short, the finer sister does it. */
#include "warp.h"

#include <stdatomic.h>

#define MILLISECOND ((nanoseconds)1000000)

extern void __chk_fail(void) __attribute__((noreturn));

static bool is_a_wait(int milliseconds)
{
    return milliseconds > 0 && accelerated();
}

EXPORTED int poll(struct pollfd *list, nfds_t count, int milliseconds)
{
    if (!is_a_wait(milliseconds))
        return ORIGINAL(poll)(list, count, milliseconds);
    struct timespec wait = timespec_of(on_the_wall(milliseconds * MILLISECOND));
    return ORIGINAL(ppoll)(list, count, &wait, NULL);
}

EXPORTED extern __typeof__(poll) __poll __attribute__((alias("poll")));

EXPORTED int ppoll(struct pollfd *list, nfds_t count, const struct timespec *asked, const sigset_t *mask)
{
    struct timespec room;
    return ORIGINAL(ppoll)(list, count, shorter(asked, &room), mask);
}

/* These two are called by programs that were compiled with checks of their buffers. */
EXPORTED int __poll_chk(struct pollfd *list, nfds_t count, int milliseconds, size_t size)
{
    if (size / sizeof *list < count)
        __chk_fail();
    return poll(list, count, milliseconds);
}

EXPORTED int __ppoll_chk(struct pollfd *list, nfds_t count, const struct timespec *asked, const sigset_t *mask,
                         size_t size)
{
    if (size / sizeof *list < count)
        __chk_fail();
    return ppoll(list, count, asked, mask);
}

EXPORTED int pselect(int count, fd_set *restrict in, fd_set *restrict out, fd_set *restrict other,
                     const struct timespec *restrict asked, const sigset_t *restrict mask)
{
    struct timespec room;
    return ORIGINAL(pselect)(count, in, out, other, shorter(asked, &room), mask);
}

/* On Linux it leaves in `time` what is left of it. */
EXPORTED int select(int count, fd_set *restrict in, fd_set *restrict out, fd_set *restrict other,
                    struct timeval *restrict time)
{
    if (!time || time->tv_sec < 0 || time->tv_usec < 0 || !accelerated())
        return ORIGINAL(select)(count, in, out, other, time);
    /* A million microseconds and more are allowed here. */
    nanoseconds all = (nanoseconds)time->tv_sec * 1000000000 + (nanoseconds)time->tv_usec * 1000;
    struct timeval wait = timeval_of(on_the_wall(all));
    int ready = ORIGINAL(select)(count, in, out, other, &wait);
    struct timespec left = {wait.tv_sec, wait.tv_usec * 1000};
    tell_what_is_left(&left, all);
    *time = (struct timeval){left.tv_sec, left.tv_nsec / 1000};
    return ready;
}

EXPORTED extern __typeof__(select) __select __attribute__((alias("select")));

static int epoll_wait_coarsely(int epoll, struct epoll_event *events, int most, int milliseconds,
                               const sigset_t *mask)
{
    nanoseconds wait = on_the_wall(milliseconds * MILLISECOND);
    return ORIGINAL(epoll_pwait)(epoll, events, most, (int)((wait + MILLISECOND - 1) / MILLISECOND), mask);
}

#if __GLIBC_PREREQ(2, 35)
EXPORTED int epoll_pwait2(int epoll, struct epoll_event *events, int most, const struct timespec *asked,
                          const sigset_t *mask)
{
    struct timespec room;
    return ORIGINAL(epoll_pwait2)(epoll, events, most, shorter(asked, &room), mask);
}

EXPORTED int epoll_pwait(int epoll, struct epoll_event *events, int most, int milliseconds, const sigset_t *mask)
{
    static atomic_bool is_missing; /* in kernels before 5.11, and behind filters that do not know it */
    if (!is_a_wait(milliseconds))
        return ORIGINAL(epoll_pwait)(epoll, events, most, milliseconds, mask);
    if (!atomic_load_explicit(&is_missing, memory_order_relaxed)) {
        int before = errno;
        struct timespec wait = timespec_of(on_the_wall(milliseconds * MILLISECOND));
        int ready = ORIGINAL(epoll_pwait2)(epoll, events, most, &wait, mask);
        if (ready >= 0 || (errno != ENOSYS && errno != EPERM))
            return ready;
        errno = before;
        atomic_store_explicit(&is_missing, true, memory_order_relaxed);
    }
    return epoll_wait_coarsely(epoll, events, most, milliseconds, mask);
}
#else
EXPORTED int epoll_pwait(int epoll, struct epoll_event *events, int most, int milliseconds, const sigset_t *mask)
{
    if (!is_a_wait(milliseconds))
        return ORIGINAL(epoll_pwait)(epoll, events, most, milliseconds, mask);
    return epoll_wait_coarsely(epoll, events, most, milliseconds, mask);
}
#endif

EXPORTED int epoll_wait(int epoll, struct epoll_event *events, int most, int milliseconds)
{
    if (!is_a_wait(milliseconds))
        return ORIGINAL(epoll_wait)(epoll, events, most, milliseconds);
    return epoll_pwait(epoll, events, most, milliseconds, NULL);
}
