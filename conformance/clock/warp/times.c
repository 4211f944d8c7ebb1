/* Times as the C library writes them, turned into nanoseconds and back, and waits turned by the pace. */
#include "warp.h"

#define SECOND 1000000000

bool makes_sense(const struct timespec *time)
{
    return time && time->tv_sec >= 0 && time->tv_nsec >= 0 && time->tv_nsec < SECOND;
}

nanoseconds nanoseconds_of(const struct timespec *time)
{
    return (nanoseconds)time->tv_sec * SECOND + time->tv_nsec;
}

struct timespec timespec_of(nanoseconds time)
{
    if (time < 0)
        return (struct timespec){0, 0};
    if (time / SECOND > INT64_MAX)
        return (struct timespec){INT64_MAX, SECOND - 1};
    return (struct timespec){(time_t)(time / SECOND), (long)(time % SECOND)};
}

struct timeval timeval_of(nanoseconds time)
{
    struct timespec up = timespec_of(time + 999);
    return (struct timeval){up.tv_sec, up.tv_nsec / 1000};
}

const struct timespec *shorter(const struct timespec *asked, struct timespec *room)
{
    if (!asked || !accelerated() || !makes_sense(asked))
        return asked;
    *room = timespec_of(on_the_wall(nanoseconds_of(asked)));
    return room;
}

const struct timespec *sooner(const struct timespec *deadline, enum timeline timeline, struct timespec *room)
{
    if (!deadline || timeline == NEITHER || !accelerated() || !makes_sense(deadline))
        return deadline;
    *room = timespec_of(wall_moment(nanoseconds_of(deadline), timeline));
    return room;
}

void tell_what_is_left(struct timespec *left, nanoseconds asked)
{
    nanoseconds more = for_the_client(nanoseconds_of(left));
    *left = timespec_of(more < asked ? more : asked);
}
