/* Time-outs that a socket keeps. Those of TCP itself (keep-alive, lingering) are between kernels, and stay. */
#include "warp.h"

#include <string.h>

static bool is_timeout(int level, int option)
{
    return level == SOL_SOCKET && (option == SO_RCVTIMEO || option == SO_SNDTIMEO) && accelerated();
}

EXPORTED int setsockopt(int socket, int level, int option, const void *value, socklen_t length)
{
    struct timeval time;
    if (!is_timeout(level, option) || !value || length < sizeof time)
        return ORIGINAL(setsockopt)(socket, level, option, value, length);
    memcpy(&time, value, sizeof time);
    if (time.tv_sec >= 0 && time.tv_usec >= 0 && time.tv_usec < 1000000)
        time = timeval_of(on_the_wall((nanoseconds)time.tv_sec * 1000000000 + (nanoseconds)time.tv_usec * 1000));
    return ORIGINAL(setsockopt)(socket, level, option, &time, sizeof time);
}

EXPORTED int getsockopt(int socket, int level, int option, void *restrict value, socklen_t *restrict length)
{
    struct timeval time;
    int failed = ORIGINAL(getsockopt)(socket, level, option, value, length);
    if (failed || !is_timeout(level, option) || *length < sizeof time)
        return failed;
    memcpy(&time, value, sizeof time);
    time = timeval_of(for_the_client((nanoseconds)time.tv_sec * 1000000000 + (nanoseconds)time.tv_usec * 1000));
    memcpy(value, &time, sizeof time);
    return failed;
}

/* The kernel leaves in `time` what is left of it. */
EXPORTED int recvmmsg(int socket, struct mmsghdr *messages, unsigned int count, int flags, struct timespec *time)
{
    if (!time || !accelerated() || !makes_sense(time))
        return ORIGINAL(recvmmsg)(socket, messages, count, flags, time);
    nanoseconds all = nanoseconds_of(time);
    *time = timespec_of(on_the_wall(all));
    int received = ORIGINAL(recvmmsg)(socket, messages, count, flags, time);
    tell_what_is_left(time, all);
    return received;
}
