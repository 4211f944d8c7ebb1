/* How fast the client lives, and since when: the settings, and moments and waits turned by them. */
#include "warp.h"

#include <stdatomic.h>
#include <stdlib.h>

/* The factor is kept in billionths, so that no rounding of floating point has to be thought about. */
#define BILLION ((nanoseconds)1000000000)
#define HIGHEST_FACTOR (1000000 * BILLION)
/* More than any clock will show. Such a number can be multiplied by any factor. */
#define FOREVER ((nanoseconds)1 << 75)

static struct {
    nanoseconds factor;
    nanoseconds anchor[CALENDAR + 1];
} pace;

enum state { UNREAD, INERT, ACCELERATED };
static _Atomic enum state state = UNREAD;

static bool is_digit(char character)
{
    return character >= '0' && character <= '9';
}

/* The number times ten to the `decimals`; further decimals are cut off. Returns what follows it, or NULL if
 * there is none. Not strtod: it would read by the rules of the client's language. */
static const char *read_number(const char *text, int decimals, nanoseconds *number)
{
    if (!is_digit(*text))
        return NULL;
    nanoseconds value = 0;
    for (; is_digit(*text) && value < FOREVER; text++)
        value = value * 10 + (*text - '0');
    bool goes_on = decimals && *text == '.';
    text += goes_on;
    for (; decimals; decimals--)
        value = value * 10 + (goes_on && is_digit(*text) ? *text++ - '0' : 0);
    while (goes_on && is_digit(*text))
        text++;
    *number = value;
    return text;
}

static bool read_settings(void)
{
    const char *factor = secure_getenv("GOLIVE_WARP");
    const char *anchor = secure_getenv("GOLIVE_WARP_ANCHOR");
    if (!factor || !anchor)
        return false;
    factor = read_number(factor, 9, &pace.factor);
    anchor = read_number(anchor, 0, &pace.anchor[MONOTONIC]);
    anchor = anchor && *anchor == ',' ? read_number(anchor + 1, 0, &pace.anchor[CALENDAR]) : NULL;
    return factor && !*factor && anchor && !*anchor && pace.factor > BILLION && pace.factor <= HIGHEST_FACTOR &&
           pace.anchor[MONOTONIC] <= INT64_MAX && pace.anchor[CALENDAR] <= INT64_MAX;
}

/* Others' constructors may ask for the time before ours has run. There is one thread then. */
__attribute__((constructor)) bool accelerated(void)
{
    enum state known = atomic_load_explicit(&state, memory_order_acquire);
    if (known == UNREAD) {
        known = read_settings() ? ACCELERATED : INERT;
        atomic_store_explicit(&state, known, memory_order_release);
    }
    return known == ACCELERATED;
}

/* Clocks of the processor are nobody's wall clock: they count the work that is done, which is not any faster. */
enum timeline timeline_of(clockid_t clock)
{
    switch (clock) {
    case CLOCK_MONOTONIC:
    case CLOCK_MONOTONIC_RAW:
    case CLOCK_MONOTONIC_COARSE:
    case CLOCK_BOOTTIME:
    case CLOCK_BOOTTIME_ALARM:
        return MONOTONIC;
    case CLOCK_REALTIME:
    case CLOCK_REALTIME_COARSE:
    case CLOCK_REALTIME_ALARM:
    case CLOCK_TAI:
        return CALENDAR;
    default:
        return NEITHER;
    }
}

/* A timer's deadline does not say by which clock it is meant, and we remember nothing. But no machine has been
 * up for thirty years, and the calendar is at more than fifty. */
enum timeline likely_timeline(nanoseconds deadline)
{
    return deadline < 30 * 365 * 86400 * BILLION ? MONOTONIC : CALENDAR;
}

static nanoseconds divided_down(nanoseconds number, nanoseconds by)
{
    return number / by - (number % by < 0);
}

static nanoseconds divided_up(nanoseconds number, nanoseconds by)
{
    return -divided_down(-number, by);
}

/* Seconds of a struct timespec have 63 bits: times two billions that is 123. */
nanoseconds on_the_wall(nanoseconds asked)
{
    return divided_up(asked * BILLION, pace.factor);
}

nanoseconds for_the_client(nanoseconds left)
{
    return divided_up((left < FOREVER ? left : FOREVER) * pace.factor, BILLION);
}

/* The formula of `Pace.now` and `Pace.today`. */
nanoseconds client_moment(nanoseconds wall, enum timeline timeline)
{
    nanoseconds anchor = pace.anchor[timeline];
    return anchor + divided_down((wall - anchor) * pace.factor, BILLION);
}

/* The first moment at which the client's clock shows no less. */
nanoseconds wall_moment(nanoseconds client, enum timeline timeline)
{
    nanoseconds anchor = pace.anchor[timeline];
    return anchor + divided_up((client - anchor) * BILLION, pace.factor);
}
