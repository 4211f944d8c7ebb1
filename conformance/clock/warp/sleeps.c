/* Waits for nothing but time, and for signals, messages and processes that may come before it. */
#include "warp.h"

EXPORTED int clock_nanosleep(clockid_t clock, int flags, const struct timespec *asked, struct timespec *left)
{
    enum timeline timeline = timeline_of(clock);
    if (timeline == NEITHER || !accelerated() || !makes_sense(asked))
        return ORIGINAL(clock_nanosleep)(clock, flags, asked, left);
    struct timespec room;
    if (flags & TIMER_ABSTIME)
        return ORIGINAL(clock_nanosleep)(clock, flags, sooner(asked, timeline, &room), left);
    nanoseconds all = nanoseconds_of(asked); /* now, for `left` may be the same */
    int failed = ORIGINAL(clock_nanosleep)(clock, flags, shorter(asked, &room), left);
    if (failed == EINTR && left)
        tell_what_is_left(left, all);
    return failed;
}

EXPORTED int nanosleep(const struct timespec *asked, struct timespec *left)
{
    if (!accelerated() || !makes_sense(asked))
        return ORIGINAL(nanosleep)(asked, left);
    struct timespec room;
    nanoseconds all = nanoseconds_of(asked);
    int failed = ORIGINAL(nanosleep)(shorter(asked, &room), left);
    if (failed && errno == EINTR && left)
        tell_what_is_left(left, all);
    return failed;
}

EXPORTED extern __typeof__(nanosleep) __nanosleep __attribute__((alias("nanosleep")));

EXPORTED int usleep(useconds_t asked)
{
    struct timespec time = timespec_of((nanoseconds)asked * 1000);
    return nanosleep(&time, NULL);
}

EXPORTED unsigned int sleep(unsigned int asked)
{
    int before = errno;
    struct timespec time = {asked, 0};
    if (nanosleep(&time, &time))
        return (unsigned int)time.tv_sec;
    errno = before;
    return 0;
}

EXPORTED int thrd_sleep(const struct timespec *asked, struct timespec *left)
{
    if (!accelerated() || !makes_sense(asked))
        return ORIGINAL(thrd_sleep)(asked, left);
    struct timespec room;
    nanoseconds all = nanoseconds_of(asked);
    int failed = ORIGINAL(thrd_sleep)(shorter(asked, &room), left);
    if (failed == -1 && left) /* a signal came */
        tell_what_is_left(left, all);
    return failed;
}

EXPORTED int sigtimedwait(const sigset_t *restrict signals, siginfo_t *restrict which,
                          const struct timespec *restrict asked)
{
    struct timespec room;
    return ORIGINAL(sigtimedwait)(signals, which, shorter(asked, &room));
}

EXPORTED int semtimedop(int set, struct sembuf *operations, size_t count, const struct timespec *asked)
{
    struct timespec room;
    return ORIGINAL(semtimedop)(set, operations, count, shorter(asked, &room));
}

EXPORTED int aio_suspend(const struct aiocb *const list[], int count, const struct timespec *restrict asked)
{
    struct timespec room;
    return ORIGINAL(aio_suspend)(list, count, shorter(asked, &room));
}

EXPORTED ssize_t mq_timedreceive(mqd_t queue, char *restrict message, size_t length,
                                 unsigned int *restrict priority, const struct timespec *restrict deadline)
{
    struct timespec room;
    return ORIGINAL(mq_timedreceive)(queue, message, length, priority, sooner(deadline, CALENDAR, &room));
}

EXPORTED int mq_timedsend(mqd_t queue, const char *message, size_t length, unsigned int priority,
                          const struct timespec *deadline)
{
    struct timespec room;
    return ORIGINAL(mq_timedsend)(queue, message, length, priority, sooner(deadline, CALENDAR, &room));
}

EXPORTED int pthread_timedjoin_np(pthread_t thread, void **result, const struct timespec *deadline)
{
    struct timespec room;
    return ORIGINAL(pthread_timedjoin_np)(thread, result, sooner(deadline, CALENDAR, &room));
}

#if __GLIBC_PREREQ(2, 31)
EXPORTED int pthread_clockjoin_np(pthread_t thread, void **result, clockid_t clock,
                                  const struct timespec *deadline)
{
    struct timespec room;
    return ORIGINAL(pthread_clockjoin_np)(thread, result, clock, sooner(deadline, timeline_of(clock), &room));
}
#endif
