/* A whole process lives faster: its clocks run `factor` times as fast as the machine's, and whatever it waits
 * for takes a `factor`th of the time. `acceleration.py` compiles these files and has them preloaded.
 *
 * The law of this folder: no memory is allocated, no lock is taken and nothing is remembered that a forked
 * child, a signal handler or a thread without a stack to spare would have to worry about. Without settings, or
 * with settings that make no sense, every function does what the original does. A wait may end late; by the
 * client's own clocks it never ends early, so everything is rounded up.
 *
 * What cannot be caught, and so keeps real time: programs that ask the kernel themselves (Go, static ones),
 * time-outs inside the kernel (io_uring, TCP's own), and those of the C library for itself (looking up names).
 * The times of files are left alone, too, for other programs see the same files.
 */
#ifndef WARP_H
#define WARP_H

#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif
#undef _FORTIFY_SOURCE /* its inline wrappers would stand where ours have to */
#include <features.h>
/* What callers promise of their pointers they may break: it is the original that then complains. */
#undef __nonnull
#define __nonnull(parameters)

#include <aio.h>
#include <dlfcn.h>
#include <errno.h>
#include <mqueue.h>
#include <poll.h>
#include <pthread.h>
#include <semaphore.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/epoll.h>
#include <sys/select.h>
#include <sys/sem.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/timerfd.h>
#include <sys/times.h>
#include <threads.h>
#include <time.h>
#include <unistd.h>

#ifndef __GLIBC__
#error "only with glibc: others keep their functions to themselves, or give them other versions"
#endif
_Static_assert(sizeof(long) == 8, "only for 64 bit: there, each function and each time has one form");

#define EXPORTED __attribute__((visibility("default")))

/* 128 bits hold every struct timespec in nanoseconds, times any factor, without a thought for overflow. */
__extension__ typedef __int128 nanoseconds;

/* pace.c */

enum timeline { NEITHER, MONOTONIC, CALENDAR };

bool accelerated(void);
enum timeline timeline_of(clockid_t clock);
enum timeline likely_timeline(nanoseconds deadline);

nanoseconds on_the_wall(nanoseconds asked);
nanoseconds for_the_client(nanoseconds left);
nanoseconds client_moment(nanoseconds wall, enum timeline timeline);
nanoseconds wall_moment(nanoseconds client, enum timeline timeline);

/* times.c: the same for what the C library calls a time */

bool makes_sense(const struct timespec *time);
nanoseconds nanoseconds_of(const struct timespec *time);
struct timespec timespec_of(nanoseconds time);
struct timeval timeval_of(nanoseconds time);

/* What to hand on instead of a time-out, or of a deadline: it is in `room`, unless it has to stay as it is,
 * because there is none, or because the original is going to complain of it. */
const struct timespec *shorter(const struct timespec *asked, struct timespec *room);
const struct timespec *sooner(const struct timespec *deadline, enum timeline timeline, struct timespec *room);
/* What is left, as the client counts; never more than it asked for. */
void tell_what_is_left(struct timespec *left, nanoseconds asked);

/* originals.c */

#if __GLIBC_PREREQ(2, 30)
#define SINCE_2_30(each)                                                                                        \
    each(pthread_cond_clockwait) each(pthread_mutex_clocklock) each(pthread_rwlock_clockrdlock)                 \
        each(pthread_rwlock_clockwrlock) each(sem_clockwait)
#else
#define SINCE_2_30(each)
#endif
#if __GLIBC_PREREQ(2, 31)
#define SINCE_2_31(each) each(pthread_clockjoin_np)
#else
#define SINCE_2_31(each)
#endif
#if __GLIBC_PREREQ(2, 35)
#define SINCE_2_35(each) each(epoll_pwait2)
#else
#define SINCE_2_35(each)
#endif

#define REPLACED_FUNCTIONS(each)                                                                                \
    each(aio_suspend) each(alarm) each(clock_gettime) each(clock_nanosleep) each(cnd_timedwait)                 \
        each(dlopen) each(dlsym) each(epoll_pwait) each(epoll_wait) each(ftime) each(getitimer)                 \
        each(getsockopt) each(gettimeofday) each(mq_timedreceive) each(mq_timedsend) each(mtx_timedlock)        \
        each(nanosleep)                                                                                         \
        each(poll) each(ppoll) each(pselect) each(pthread_cond_timedwait) each(pthread_mutex_timedlock)         \
        each(pthread_rwlock_timedrdlock) each(pthread_rwlock_timedwrlock) each(pthread_timedjoin_np)            \
        each(recvmmsg) each(select) each(sem_timedwait) each(semtimedop) each(setitimer) each(setsockopt)       \
        each(sigtimedwait) each(sleep) each(syscall) each(thrd_sleep) each(time) each(timer_create)             \
        each(timer_delete) each(timer_gettime) each(timer_settime) each(timerfd_gettime)                        \
        each(timerfd_settime) each(times) each(timespec_get) each(ualarm) each(usleep) SINCE_2_30(each)         \
        SINCE_2_31(each) SINCE_2_35(each)

struct timeb; /* declared here, because its header complains of everyone who looks at it */
int ftime(struct timeb *);

enum function {
#define AS_NAME(name) FUNCTION_##name,
    REPLACED_FUNCTIONS(AS_NAME)
#undef AS_NAME
    FUNCTIONS
};

void *original(enum function function);
#define ORIGINAL(name) ((__typeof__(&name))original(FUNCTION_##name))

#endif
