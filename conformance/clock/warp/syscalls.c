/* System calls by number: Rust and C++ wait for their futexes like this, and some ask for the time. */
#include "warp.h"

#include <linux/futex.h>
#include <stdarg.h>
#include <sys/syscall.h>

/* Numbers that are the same everywhere, and newer than some headers. */
#ifndef SYS_epoll_pwait2
#define SYS_epoll_pwait2 441
#endif
#ifndef SYS_futex_waitv
#define SYS_futex_waitv 449
#endif
#ifndef FUTEX_LOCK_PI2
#define FUTEX_LOCK_PI2 13
#endif

/* The deadline or time-out of a futex operation that has one; the others have a number in its place. */
static const struct timespec *futex_time(long operation, const struct timespec *time, struct timespec *room)
{
    enum timeline timeline = operation & FUTEX_CLOCK_REALTIME ? CALENDAR : MONOTONIC;
    switch (operation & FUTEX_CMD_MASK) {
    case FUTEX_WAIT:
        return shorter(time, room);
    case FUTEX_WAIT_BITSET:
    case FUTEX_WAIT_REQUEUE_PI:
    case FUTEX_LOCK_PI2:
        return sooner(time, timeline, room);
    case FUTEX_LOCK_PI:
        return sooner(time, CALENDAR, room);
    default:
        return time;
    }
}

static long failing(int error)
{
    if (!error)
        return 0;
    errno = error;
    return -1;
}

EXPORTED long syscall(long number, ...)
{
    va_list more;
    va_start(more, number);
    long a = va_arg(more, long), b = va_arg(more, long), c = va_arg(more, long);
    long d = va_arg(more, long), e = va_arg(more, long), f = va_arg(more, long);
    va_end(more);
    struct timespec room;
    if (accelerated())
        switch (number) {
        case SYS_futex:
            d = (long)futex_time(b, (const struct timespec *)d, &room);
            break;
        case SYS_futex_waitv:
            d = (long)sooner((const struct timespec *)d, timeline_of((clockid_t)e), &room);
            break;
        case SYS_rt_sigtimedwait:
            c = (long)shorter((const struct timespec *)c, &room);
            break;
        case SYS_epoll_pwait2:
            d = (long)shorter((const struct timespec *)d, &room);
            break;
        case SYS_ppoll: /* the kernel writes what is left, and nobody reads it */
            c = (long)shorter((const struct timespec *)c, &room);
            break;
        case SYS_pselect6:
            e = (long)shorter((const struct timespec *)e, &room);
            break;
        case SYS_clock_gettime:
            return clock_gettime((clockid_t)a, (struct timespec *)b);
        case SYS_gettimeofday:
            return gettimeofday((struct timeval *)a, (void *)b);
        case SYS_nanosleep:
            return nanosleep((const struct timespec *)a, (struct timespec *)b);
        case SYS_clock_nanosleep:
            return failing(clock_nanosleep((clockid_t)a, (int)b, (const struct timespec *)c, (struct timespec *)d));
        case SYS_timerfd_settime:
            return timerfd_settime((int)a, (int)b, (const struct itimerspec *)c, (struct itimerspec *)d);
        case SYS_timerfd_gettime:
            return timerfd_gettime((int)a, (struct itimerspec *)b);
        case SYS_epoll_pwait:
            return epoll_pwait((int)a, (struct epoll_event *)b, (int)c, (int)d, (const sigset_t *)e);
        /* Newer architectures have none of these. */
#ifdef SYS_time
        case SYS_time:
            return time((time_t *)a);
#endif
#ifdef SYS_poll
        case SYS_poll:
            return poll((struct pollfd *)a, (nfds_t)b, (int)c);
#endif
#ifdef SYS_epoll_wait
        case SYS_epoll_wait:
            return epoll_wait((int)a, (struct epoll_event *)b, (int)c, (int)d);
#endif
#ifdef SYS_select
        case SYS_select:
            return select((int)a, (fd_set *)b, (fd_set *)c, (fd_set *)d, (struct timeval *)e);
#endif
        }
    return ORIGINAL(syscall)(number, a, b, c, d, e, f);
}
