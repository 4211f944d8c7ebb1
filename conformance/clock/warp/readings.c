/* What time is it? */
#include "warp.h"

#include <sys/timeb.h>

static nanoseconds read_clock(clockid_t clock)
{
    struct timespec time = {0, 0};
    clock_gettime(clock, &time);
    return nanoseconds_of(&time);
}

EXPORTED int clock_gettime(clockid_t clock, struct timespec *time)
{
    enum timeline timeline = timeline_of(clock);
    if (timeline == NEITHER || !accelerated())
        return ORIGINAL(clock_gettime)(clock, time);
    /* The coarse clocks lag by a tick. Made faster, that would be so much that timers seem to fire early. */
    if (clock == CLOCK_MONOTONIC_COARSE)
        clock = CLOCK_MONOTONIC;
    if (clock == CLOCK_REALTIME_COARSE)
        clock = CLOCK_REALTIME;
    int failed = ORIGINAL(clock_gettime)(clock, time);
    if (!failed)
        *time = timespec_of(client_moment(nanoseconds_of(time), timeline));
    return failed;
}

EXPORTED int gettimeofday(struct timeval *restrict time, void *restrict zone)
{
    int failed = ORIGINAL(gettimeofday)(time, zone);
    if (!failed && time && accelerated()) {
        struct timespec now = timespec_of(read_clock(CLOCK_REALTIME));
        *time = (struct timeval){now.tv_sec, now.tv_nsec / 1000};
    }
    return failed;
}

EXPORTED int __gettimeofday(struct timeval *restrict time, void *restrict zone)
{
    return gettimeofday(time, zone);
}

EXPORTED time_t time(time_t *seconds)
{
    if (!accelerated())
        return ORIGINAL(time)(seconds);
    time_t now = timespec_of(read_clock(CLOCK_REALTIME)).tv_sec;
    if (seconds)
        *seconds = now;
    return now;
}

EXPORTED int ftime(struct timeb *time)
{
    struct timespec now = timespec_of(read_clock(CLOCK_REALTIME));
    *time = (struct timeb){.time = now.tv_sec, .millitm = (unsigned short)(now.tv_nsec / 1000000)};
    return 0;
}

EXPORTED int timespec_get(struct timespec *time, int base)
{
    if (base != TIME_UTC || !accelerated())
        return ORIGINAL(timespec_get)(time, base);
    return clock_gettime(CLOCK_REALTIME, time) == 0 ? base : 0;
}

/* The processor's times are as they are; the result counts from any moment, so from that of the clock. */
EXPORTED clock_t times(struct tms *used)
{
    clock_t ticks = ORIGINAL(times)(used);
    if (ticks == (clock_t)-1 || !accelerated())
        return ticks;
    return (clock_t)(read_clock(CLOCK_MONOTONIC) / (1000000000 / sysconf(_SC_CLK_TCK)));
}
