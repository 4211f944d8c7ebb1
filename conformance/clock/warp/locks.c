/* Waits for what another thread or process gives free. All of them have deadlines. */
#include "warp.h"

EXPORTED int pthread_cond_timedwait(pthread_cond_t *restrict condition, pthread_mutex_t *restrict mutex,
                                    const struct timespec *restrict deadline)
{
    /* Nothing but this bit tells by which clock it waits: since glibc 2.25 it means the monotonic one. */
    enum timeline timeline = condition->__data.__wrefs & 2 ? MONOTONIC : CALENDAR;
    struct timespec room;
    return ORIGINAL(pthread_cond_timedwait)(condition, mutex, sooner(deadline, timeline, &room));
}

EXPORTED int cnd_timedwait(cnd_t *restrict condition, mtx_t *restrict mutex,
                           const struct timespec *restrict deadline)
{
    struct timespec room;
    return ORIGINAL(cnd_timedwait)(condition, mutex, sooner(deadline, CALENDAR, &room));
}

EXPORTED int mtx_timedlock(mtx_t *restrict mutex, const struct timespec *restrict deadline)
{
    struct timespec room;
    return ORIGINAL(mtx_timedlock)(mutex, sooner(deadline, CALENDAR, &room));
}

EXPORTED int pthread_mutex_timedlock(pthread_mutex_t *restrict mutex, const struct timespec *restrict deadline)
{
    struct timespec room;
    return ORIGINAL(pthread_mutex_timedlock)(mutex, sooner(deadline, CALENDAR, &room));
}

EXPORTED int pthread_rwlock_timedrdlock(pthread_rwlock_t *restrict lock, const struct timespec *restrict deadline)
{
    struct timespec room;
    return ORIGINAL(pthread_rwlock_timedrdlock)(lock, sooner(deadline, CALENDAR, &room));
}

EXPORTED int pthread_rwlock_timedwrlock(pthread_rwlock_t *restrict lock, const struct timespec *restrict deadline)
{
    struct timespec room;
    return ORIGINAL(pthread_rwlock_timedwrlock)(lock, sooner(deadline, CALENDAR, &room));
}

EXPORTED int sem_timedwait(sem_t *restrict semaphore, const struct timespec *restrict deadline)
{
    struct timespec room;
    return ORIGINAL(sem_timedwait)(semaphore, sooner(deadline, CALENDAR, &room));
}

#if __GLIBC_PREREQ(2, 30)
EXPORTED int pthread_cond_clockwait(pthread_cond_t *restrict condition, pthread_mutex_t *restrict mutex,
                                    clockid_t clock, const struct timespec *restrict deadline)
{
    struct timespec room;
    return ORIGINAL(pthread_cond_clockwait)(condition, mutex, clock, sooner(deadline, timeline_of(clock), &room));
}

EXPORTED int pthread_mutex_clocklock(pthread_mutex_t *restrict mutex, clockid_t clock,
                                     const struct timespec *restrict deadline)
{
    struct timespec room;
    return ORIGINAL(pthread_mutex_clocklock)(mutex, clock, sooner(deadline, timeline_of(clock), &room));
}

EXPORTED int pthread_rwlock_clockrdlock(pthread_rwlock_t *restrict lock, clockid_t clock,
                                        const struct timespec *restrict deadline)
{
    struct timespec room;
    return ORIGINAL(pthread_rwlock_clockrdlock)(lock, clock, sooner(deadline, timeline_of(clock), &room));
}

EXPORTED int pthread_rwlock_clockwrlock(pthread_rwlock_t *restrict lock, clockid_t clock,
                                        const struct timespec *restrict deadline)
{
    struct timespec room;
    return ORIGINAL(pthread_rwlock_clockwrlock)(lock, clock, sooner(deadline, timeline_of(clock), &room));
}

EXPORTED int sem_clockwait(sem_t *restrict semaphore, clockid_t clock, const struct timespec *restrict deadline)
{
    struct timespec room;
    return ORIGINAL(sem_clockwait)(semaphore, clock, sooner(deadline, timeline_of(clock), &room));
}
#endif
