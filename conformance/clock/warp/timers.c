/* Timers: they are set now, and fire while nobody waits. Those that count the processor's time stay as they are. */
#include "warp.h"

#include <stdatomic.h>

static nanoseconds of_timeval(const struct timeval *time)
{
    return (nanoseconds)time->tv_sec * 1000000000 + (nanoseconds)time->tv_usec * 1000;
}

static bool is_time(const struct timeval *time)
{
    return time->tv_sec >= 0 && time->tv_usec >= 0 && time->tv_usec < 1000000;
}

/* Zero means "never", and must stay so; nothing else is ever rounded to it. */
static struct itimerspec faster(const struct itimerspec *asked, bool absolute)
{
    struct itimerspec fast = *asked;
    fast.it_interval = timespec_of(on_the_wall(nanoseconds_of(&asked->it_interval)));
    nanoseconds value = nanoseconds_of(&asked->it_value);
    if (value && absolute) {
        nanoseconds moment = wall_moment(value, likely_timeline(value));
        fast.it_value = timespec_of(moment > 0 ? moment : 1);
    } else {
        fast.it_value = timespec_of(on_the_wall(value));
    }
    return fast;
}

static void tell(struct itimerspec *timer)
{
    timer->it_interval = timespec_of(for_the_client(nanoseconds_of(&timer->it_interval)));
    timer->it_value = timespec_of(for_the_client(nanoseconds_of(&timer->it_value)));
}

static bool is_ours(const struct itimerspec *asked)
{
    return asked && accelerated() && makes_sense(&asked->it_value) && makes_sense(&asked->it_interval);
}

EXPORTED int timerfd_settime(int timer, int flags, const struct itimerspec *asked, struct itimerspec *before)
{
    struct itimerspec room;
    if (is_ours(asked)) {
        room = faster(asked, flags & TFD_TIMER_ABSTIME);
        asked = &room;
    }
    int failed = ORIGINAL(timerfd_settime)(timer, flags, asked, before);
    if (!failed && before && accelerated())
        tell(before);
    return failed;
}

EXPORTED int timerfd_gettime(int timer, struct itimerspec *left)
{
    int failed = ORIGINAL(timerfd_gettime)(timer, left);
    if (!failed && accelerated())
        tell(left);
    return failed;
}

/* Timers by the processor's time: a profiler has one for each thread, at most. One too many is no harm, it
 * would fire too often. A timer's name is a small number or an address; neither is ever all ones. */
#define MOST_PROCESSOR_TIMERS 64
static _Atomic(uintptr_t) processor_timers[MOST_PROCESSOR_TIMERS];

static void exchange(uintptr_t old, uintptr_t new)
{
    for (int i = 0; i < MOST_PROCESSOR_TIMERS; i++) {
        uintptr_t expected = old;
        if (atomic_compare_exchange_strong(&processor_timers[i], &expected, new))
            return;
    }
}

static bool counts_processor_time(timer_t timer)
{
    for (int i = 0; i < MOST_PROCESSOR_TIMERS; i++)
        if (atomic_load(&processor_timers[i]) == (uintptr_t)timer + 1)
            return true;
    return false;
}

EXPORTED int timer_create(clockid_t clock, struct sigevent *restrict event, timer_t *restrict timer)
{
    int failed = ORIGINAL(timer_create)(clock, event, timer);
    if (!failed && timeline_of(clock) == NEITHER)
        exchange(0, (uintptr_t)*timer + 1);
    return failed;
}

EXPORTED int timer_delete(timer_t timer)
{
    exchange((uintptr_t)timer + 1, 0);
    return ORIGINAL(timer_delete)(timer);
}

EXPORTED int timer_settime(timer_t timer, int flags, const struct itimerspec *restrict asked,
                           struct itimerspec *restrict before)
{
    struct itimerspec room;
    bool faster_than_asked = accelerated() && !counts_processor_time(timer);
    if (faster_than_asked && is_ours(asked)) {
        room = faster(asked, flags & TIMER_ABSTIME);
        asked = &room;
    }
    int failed = ORIGINAL(timer_settime)(timer, flags, asked, before);
    if (!failed && before && faster_than_asked)
        tell(before);
    return failed;
}

EXPORTED int timer_gettime(timer_t timer, struct itimerspec *left)
{
    int failed = ORIGINAL(timer_gettime)(timer, left);
    if (!failed && accelerated() && !counts_processor_time(timer))
        tell(left);
    return failed;
}

static struct timeval told(const struct timeval *time)
{
    return timeval_of(for_the_client(of_timeval(time)));
}

EXPORTED int getitimer(__itimer_which_t which, struct itimerval *left)
{
    int failed = ORIGINAL(getitimer)(which, left);
    if (!failed && which == ITIMER_REAL && accelerated())
        *left = (struct itimerval){told(&left->it_interval), told(&left->it_value)};
    return failed;
}

EXPORTED int setitimer(__itimer_which_t which, const struct itimerval *restrict asked,
                       struct itimerval *restrict before)
{
    struct itimerval room;
    bool faster_than_asked = which == ITIMER_REAL && accelerated();
    if (faster_than_asked && asked && is_time(&asked->it_interval) && is_time(&asked->it_value)) {
        room.it_interval = timeval_of(on_the_wall(of_timeval(&asked->it_interval)));
        room.it_value = timeval_of(on_the_wall(of_timeval(&asked->it_value)));
        asked = &room;
    }
    int failed = ORIGINAL(setitimer)(which, asked, before);
    if (!failed && before && faster_than_asked)
        *before = (struct itimerval){told(&before->it_interval), told(&before->it_value)};
    return failed;
}

EXPORTED unsigned int alarm(unsigned int seconds)
{
    if (!accelerated())
        return ORIGINAL(alarm)(seconds);
    struct itimerval asked = {{0, 0}, {seconds, 0}}, before;
    if (setitimer(ITIMER_REAL, &asked, &before))
        return 0;
    /* Rounded as the kernel does it: one that is about to fire is never told as none. */
    bool up = before.it_value.tv_usec >= 500000 || (!before.it_value.tv_sec && before.it_value.tv_usec);
    return (unsigned int)before.it_value.tv_sec + up;
}

EXPORTED useconds_t ualarm(useconds_t value, useconds_t interval)
{
    if (!accelerated())
        return ORIGINAL(ualarm)(value, interval);
    struct itimerval asked = {{interval / 1000000, interval % 1000000}, {value / 1000000, value % 1000000}}, before;
    if (setitimer(ITIMER_REAL, &asked, &before))
        return (useconds_t)-1;
    return (useconds_t)(before.it_value.tv_sec * 1000000 + before.it_value.tv_usec);
}
