/* The edges of what is replaced: each line that is printed is something that is not as it should be. */
#define _GNU_SOURCE
#undef _FORTIFY_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <linux/futex.h>
#include <mqueue.h>
#include <poll.h>
#include <pthread.h>
#include <semaphore.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/ipc.h>
#include <sys/select.h>
#include <sys/sem.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <sys/timerfd.h>
#include <sys/times.h>
#include <sys/wait.h>
#include <threads.h>
#include <time.h>
#include <unistd.h>

#define BILLION 1000000000LL
#define EXPECT(truth) ((truth) ? (void)0 : (void)printf("%s:%d: %s\n", __func__, __LINE__, #truth))
#define NOTHING ((struct timespec){0, 0})

static int64_t now(clockid_t clock)
{
    struct timespec time;
    clock_gettime(clock, &time);
    return time.tv_sec * BILLION + time.tv_nsec;
}

static struct timespec after(clockid_t clock, int64_t wait)
{
    int64_t moment = now(clock) + wait;
    return (struct timespec){moment / BILLION, moment % BILLION};
}

/* What each wait is measured by: a second and a bit, by its own clock not less and on the wall well below. */
static const struct timespec WAIT = {1, 200000000};
#define LENGTH (1200000000LL)

static int64_t uptime(void)
{
    double seconds = 0;
    FILE *file = fopen("/proc/uptime", "r");
    if (!file || fscanf(file, "%lf", &seconds) != 1)
        abort();
    fclose(file);
    return (int64_t)(seconds * 1e9);
}

static int64_t spent_on_the_wall, spent_by_the_clock;

#define TAKES_ITS_TIME(call)                                                                                    \
    do {                                                                                                        \
        int64_t began = now(CLOCK_MONOTONIC), dated = now(CLOCK_REALTIME), really = uptime();                   \
        call;                                                                                                   \
        spent_on_the_wall += uptime() - really;                                                                 \
        spent_by_the_clock += LENGTH;                                                                           \
        EXPECT(now(CLOCK_MONOTONIC) - began >= LENGTH);                                                         \
        EXPECT(now(CLOCK_REALTIME) - dated >= LENGTH);                                                          \
    } while (0)

static volatile sig_atomic_t signals;

static void count(int signal)
{
    (void)signal;
    signals++;
}

static void sleeping(void)
{
    struct timespec deadline = after(CLOCK_MONOTONIC, LENGTH), left;
    TAKES_ITS_TIME(EXPECT(nanosleep(&WAIT, NULL) == 0));
    deadline = after(CLOCK_MONOTONIC, LENGTH);
    TAKES_ITS_TIME(EXPECT(clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &deadline, NULL) == 0));
    deadline = after(CLOCK_REALTIME, LENGTH);
    TAKES_ITS_TIME(EXPECT(clock_nanosleep(CLOCK_REALTIME, TIMER_ABSTIME, &deadline, NULL) == 0));
    TAKES_ITS_TIME(EXPECT(clock_nanosleep(CLOCK_BOOTTIME, 0, &WAIT, NULL) == 0));
    TAKES_ITS_TIME(EXPECT(thrd_sleep(&WAIT, NULL) == 0));
    TAKES_ITS_TIME((usleep(600000), usleep(600000)));
    TAKES_ITS_TIME(EXPECT(sleep(2) == 0));

    struct timespec bad = {0, BILLION};
    EXPECT(nanosleep(&bad, NULL) == -1 && errno == EINVAL);
    EXPECT(clock_nanosleep(CLOCK_MONOTONIC, 0, &bad, NULL) == EINVAL);
    EXPECT(clock_nanosleep(1234, 0, &WAIT, NULL) == EINVAL);
    EXPECT(clock_nanosleep(CLOCK_THREAD_CPUTIME_ID, 0, &WAIT, NULL) == EINVAL);
    EXPECT(thrd_sleep(&bad, NULL) < -1);
    EXPECT(nanosleep(&NOTHING, &left) == 0);
    struct timespec past = {-5, 0};
    EXPECT(nanosleep(&past, NULL) == -1 && errno == EINVAL);

    struct itimerval soon = {{0, 0}, {1, 0}};
    struct timespec forever = {INT64_MAX, BILLION - 1};
    setitimer(ITIMER_REAL, &soon, NULL);
    EXPECT(nanosleep(&forever, &forever) == -1 && errno == EINTR);
    EXPECT(forever.tv_sec > 9000000000 && forever.tv_nsec < BILLION);
    setitimer(ITIMER_REAL, &soon, NULL);
    struct timespec minute = {60, 0};
    EXPECT(nanosleep(&minute, &minute) == -1 && errno == EINTR);
    EXPECT(minute.tv_sec > 5 && minute.tv_sec < 60);
    setitimer(ITIMER_REAL, &soon, NULL);
    EXPECT(clock_nanosleep(CLOCK_REALTIME, 0, &(struct timespec){60, 0}, &left) == EINTR);
    EXPECT(left.tv_sec > 5 && left.tv_sec < 60);
    setitimer(ITIMER_REAL, &soon, NULL);
    unsigned int unslept = sleep(60);
    EXPECT(unslept > 5 && unslept < 60);
    EXPECT(signals == 4);
}

static void reading(void)
{
    struct timespec fine, again, base;
    struct timeval day;
    const clockid_t clocks[] = {CLOCK_MONOTONIC, CLOCK_MONOTONIC_RAW, CLOCK_MONOTONIC_COARSE, CLOCK_BOOTTIME,
                                CLOCK_REALTIME,  CLOCK_REALTIME_COARSE, CLOCK_TAI};
    for (size_t i = 0; i < sizeof clocks / sizeof *clocks; i++) {
        int64_t began = now(clocks[i]);
        nanosleep(&WAIT, NULL);
        EXPECT(now(clocks[i]) - began >= LENGTH - LENGTH / 1000);
    }
    clock_gettime(CLOCK_REALTIME, &fine);
    gettimeofday(&day, NULL);
    EXPECT(day.tv_sec - fine.tv_sec <= 5 && day.tv_sec >= fine.tv_sec);
    EXPECT(syscall(SYS_gettimeofday, NULL, NULL) == 0);
    EXPECT(time(NULL) >= fine.tv_sec);
    time_t told;
    EXPECT(time(&told) == told);
    EXPECT(timespec_get(&base, TIME_UTC) == TIME_UTC && base.tv_sec >= fine.tv_sec);
    clock_gettime(CLOCK_REALTIME_COARSE, &again);
    EXPECT(again.tv_sec > fine.tv_sec || (again.tv_sec == fine.tv_sec && again.tv_nsec >= fine.tv_nsec));
    struct tms used;
    clock_t ticks = times(&used);
    nanosleep(&WAIT, NULL);
    EXPECT(times(&used) - ticks >= LENGTH * sysconf(_SC_CLK_TCK) / BILLION);
    int64_t worked = now(CLOCK_PROCESS_CPUTIME_ID), really = uptime();
    while (now(CLOCK_PROCESS_CPUTIME_ID) - worked < 20000000)
        ;
    EXPECT(uptime() - really >= 10000000); /* the processor's time is not faster */
    EXPECT(clock_gettime(1234, &fine) == -1 && errno == EINVAL);
    EXPECT(syscall(SYS_clock_gettime, CLOCK_MONOTONIC, &fine) == 0);
    EXPECT(now(CLOCK_MONOTONIC) - (fine.tv_sec * BILLION + fine.tv_nsec) < 3600 * BILLION);
    EXPECT(syscall(SYS_clock_gettime, 1234, &fine) == -1 && errno == EINVAL);
    /* As a JVM of old asks for it. */
    void *library = dlopen("libc.so.6", RTLD_LAZY);
    int (*read_clock)(clockid_t, struct timespec *) = (int (*)(clockid_t, struct timespec *))dlsym(library, "clock_gettime");
    EXPECT(read_clock == (int (*)(clockid_t, struct timespec *))dlsym(RTLD_DEFAULT, "clock_gettime"));
    EXPECT(read_clock(CLOCK_REALTIME, &again) == 0 && again.tv_sec >= told);
    EXPECT(dlsym(library, "no_such_function") == NULL && dlerror() != NULL);
    EXPECT(dlsym(library, "strlen") != NULL);
}

static void locking(void)
{
    pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER, taken = PTHREAD_MUTEX_INITIALIZER;
    pthread_condattr_t by_monotonic;
    pthread_cond_t calendar = PTHREAD_COND_INITIALIZER, monotonic;
    pthread_condattr_init(&by_monotonic);
    pthread_condattr_setclock(&by_monotonic, CLOCK_MONOTONIC);
    pthread_cond_init(&monotonic, &by_monotonic);
    struct timespec deadline = after(CLOCK_REALTIME, LENGTH);
    pthread_mutex_lock(&mutex);
    TAKES_ITS_TIME((deadline = after(CLOCK_REALTIME, LENGTH),
                    EXPECT(pthread_cond_timedwait(&calendar, &mutex, &deadline) == ETIMEDOUT)));
    TAKES_ITS_TIME((deadline = after(CLOCK_MONOTONIC, LENGTH),
                    EXPECT(pthread_cond_timedwait(&monotonic, &mutex, &deadline) == ETIMEDOUT)));
    EXPECT(pthread_cond_timedwait(&monotonic, &mutex, &(struct timespec){1, 0}) == ETIMEDOUT);
    EXPECT(pthread_cond_timedwait(&monotonic, &mutex, &(struct timespec){-1, 0}) == ETIMEDOUT);
    EXPECT(pthread_cond_timedwait(&calendar, &mutex, &(struct timespec){0, BILLION}) == EINVAL);
    TAKES_ITS_TIME((deadline = after(CLOCK_REALTIME, LENGTH),
                    EXPECT(cnd_timedwait((cnd_t *)&calendar, (mtx_t *)&mutex, &deadline) == thrd_timedout)));
    pthread_mutex_lock(&taken);
    TAKES_ITS_TIME((deadline = after(CLOCK_REALTIME, LENGTH),
                    EXPECT(pthread_mutex_timedlock(&taken, &deadline) == ETIMEDOUT)));
    mtx_t plain;
    mtx_init(&plain, mtx_timed);
    mtx_lock(&plain);
    TAKES_ITS_TIME(
        (deadline = after(CLOCK_REALTIME, LENGTH), EXPECT(mtx_timedlock(&plain, &deadline) == thrd_timedout)));
    sem_t none;
    sem_init(&none, 0, 0);
    TAKES_ITS_TIME((deadline = after(CLOCK_REALTIME, LENGTH),
                    EXPECT(sem_timedwait(&none, &deadline) == -1 && errno == ETIMEDOUT)));
    pthread_rwlock_t shared = PTHREAD_RWLOCK_INITIALIZER;
    pthread_rwlock_rdlock(&shared);
    TAKES_ITS_TIME((deadline = after(CLOCK_REALTIME, LENGTH),
                    EXPECT(pthread_rwlock_timedwrlock(&shared, &deadline) == ETIMEDOUT)));
#if __GLIBC_PREREQ(2, 30)
    TAKES_ITS_TIME((deadline = after(CLOCK_MONOTONIC, LENGTH),
                    EXPECT(pthread_cond_clockwait(&calendar, &mutex, CLOCK_MONOTONIC, &deadline) == ETIMEDOUT)));
    TAKES_ITS_TIME((deadline = after(CLOCK_MONOTONIC, LENGTH),
                    EXPECT(pthread_mutex_clocklock(&taken, CLOCK_MONOTONIC, &deadline) == ETIMEDOUT)));
    TAKES_ITS_TIME((deadline = after(CLOCK_MONOTONIC, LENGTH),
                    EXPECT(sem_clockwait(&none, CLOCK_MONOTONIC, &deadline) == -1 && errno == ETIMEDOUT)));
    TAKES_ITS_TIME((deadline = after(CLOCK_MONOTONIC, LENGTH),
                    EXPECT(pthread_rwlock_clockwrlock(&shared, CLOCK_MONOTONIC, &deadline) == ETIMEDOUT)));
    EXPECT(pthread_cond_clockwait(&calendar, &mutex, CLOCK_PROCESS_CPUTIME_ID, &deadline) == EINVAL);
#endif
    int word = 0;
    TAKES_ITS_TIME(EXPECT(syscall(SYS_futex, &word, FUTEX_WAIT_PRIVATE, 0, &WAIT) == -1 && errno == ETIMEDOUT));
    TAKES_ITS_TIME((deadline = after(CLOCK_MONOTONIC, LENGTH),
                    EXPECT(syscall(SYS_futex, &word, FUTEX_WAIT_BITSET_PRIVATE, 0, &deadline, NULL,
                                   FUTEX_BITSET_MATCH_ANY) == -1 && errno == ETIMEDOUT)));
    TAKES_ITS_TIME((deadline = after(CLOCK_REALTIME, LENGTH),
                    EXPECT(syscall(SYS_futex, &word, FUTEX_WAIT_BITSET_PRIVATE | FUTEX_CLOCK_REALTIME, 0,
                                   &deadline, NULL, FUTEX_BITSET_MATCH_ANY) == -1 && errno == ETIMEDOUT)));
    /* No time but a number stands in the place of it. */
    EXPECT(syscall(SYS_futex, &word, FUTEX_REQUEUE_PRIVATE, 1, 1, &word, 0) >= -1);
}

static void *forever(void *nothing)
{
    for (;;)
        pause();
    return nothing;
}

static void waiting_for_others(void)
{
    struct timespec deadline;
    sigset_t usr1;
    sigemptyset(&usr1);
    sigaddset(&usr1, SIGUSR1);
    sigprocmask(SIG_BLOCK, &usr1, NULL);
    TAKES_ITS_TIME(EXPECT(sigtimedwait(&usr1, NULL, &WAIT) == -1 && errno == EAGAIN));
    pthread_t thread;
    pthread_create(&thread, NULL, forever, NULL);
    TAKES_ITS_TIME((deadline = after(CLOCK_REALTIME, LENGTH),
                    EXPECT(pthread_timedjoin_np(thread, NULL, &deadline) == ETIMEDOUT)));
    pthread_cancel(thread);
    EXPECT(pthread_join(thread, NULL) == 0);
    int set = semget(IPC_PRIVATE, 1, 0600);
    if (set >= 0) {
        struct sembuf take = {0, -1, 0};
        TAKES_ITS_TIME(EXPECT(semtimedop(set, &take, 1, &WAIT) == -1 && errno == EAGAIN));
        semctl(set, 0, IPC_RMID);
    }
    char name[64], message[64];
    snprintf(name, sizeof name, "/golive-%d", (int)getpid());
    mqd_t queue = mq_open(name, O_CREAT | O_RDWR, 0600, &(struct mq_attr){.mq_maxmsg = 1, .mq_msgsize = 64});
    if (queue != (mqd_t)-1) {
        mq_unlink(name);
        TAKES_ITS_TIME((deadline = after(CLOCK_REALTIME, LENGTH),
                        EXPECT(mq_timedreceive(queue, message, 64, NULL, &deadline) == -1 && errno == ETIMEDOUT)));
        mq_send(queue, "x", 1, 0);
        TAKES_ITS_TIME((deadline = after(CLOCK_REALTIME, LENGTH),
                        EXPECT(mq_timedsend(queue, "x", 1, 0, &deadline) == -1 && errno == ETIMEDOUT)));
        mq_close(queue);
    }
}

static void polling(void)
{
    int pair[2];
    EXPECT(socketpair(AF_UNIX, SOCK_DGRAM, 0, pair) == 0);
    struct pollfd list = {pair[0], POLLIN, 0};
    TAKES_ITS_TIME(EXPECT(poll(&list, 1, 1200) == 0));
    TAKES_ITS_TIME(EXPECT(ppoll(&list, 1, &WAIT, NULL) == 0));
    EXPECT(poll(&list, 1, 0) == 0);
    struct timeval time = {1, 200000};
    TAKES_ITS_TIME(EXPECT(select(0, NULL, NULL, NULL, &time) == 0));
    EXPECT(time.tv_sec == 0 && time.tv_usec == 0);
    TAKES_ITS_TIME(EXPECT(pselect(0, NULL, NULL, NULL, &WAIT, NULL) == 0));
    time = (struct timeval){-1, 0};
    EXPECT(select(0, NULL, NULL, NULL, &time) == -1 && errno == EINVAL);
    int epoll = epoll_create1(0);
    struct epoll_event event = {.events = EPOLLIN};
    epoll_ctl(epoll, EPOLL_CTL_ADD, pair[0], &event);
    TAKES_ITS_TIME(EXPECT(epoll_wait(epoll, &event, 1, 1200) == 0));
    TAKES_ITS_TIME(EXPECT(epoll_pwait(epoll, &event, 1, 1200, NULL) == 0));
#if __GLIBC_PREREQ(2, 35)
    TAKES_ITS_TIME(EXPECT(epoll_pwait2(epoll, &event, 1, &WAIT, NULL) == 0));
#endif
    time = (struct timeval){1, 200000};
    EXPECT(setsockopt(pair[0], SOL_SOCKET, SO_RCVTIMEO, &time, sizeof time) == 0);
    char byte;
    TAKES_ITS_TIME(EXPECT(recv(pair[0], &byte, 1, 0) == -1 && errno == EAGAIN));
    socklen_t size = sizeof time;
    EXPECT(getsockopt(pair[0], SOL_SOCKET, SO_RCVTIMEO, &time, &size) == 0);
    EXPECT(time.tv_sec == 1 && time.tv_usec >= 200000 && time.tv_usec <= 400000);
    time = (struct timeval){0, 1000000};
    EXPECT(setsockopt(pair[0], SOL_SOCKET, SO_RCVTIMEO, &time, sizeof time) == -1 && errno == EDOM);
    time = (struct timeval){0, 0};
    EXPECT(setsockopt(pair[0], SOL_SOCKET, SO_RCVTIMEO, &time, sizeof time) == 0);
    EXPECT(getsockopt(pair[0], SOL_SOCKET, SO_RCVTIMEO, &time, &size) == 0);
    EXPECT(time.tv_sec == 0 && time.tv_usec == 0);

    EXPECT(send(pair[1], "x", 1, 0) == 1);
    time = (struct timeval){3600, 0};
    fd_set in;
    FD_ZERO(&in);
    FD_SET(pair[0], &in);
    EXPECT(select(pair[0] + 1, &in, NULL, NULL, &time) == 1);
    EXPECT(time.tv_sec > 1800 && time.tv_sec <= 3600);
    EXPECT(poll(&list, 1, 3600000) == 1 && epoll_wait(epoll, &event, 1, 3600000) == 1);
    EXPECT(poll(&list, 1, -1) == 1 && epoll_wait(epoll, &event, 1, -1) == 1);
    close(epoll);
    close(pair[0]);
    close(pair[1]);
}

static int64_t value_of(const struct timespec *time)
{
    return time->tv_sec * BILLION + time->tv_nsec;
}

static void timing(void)
{
    uint64_t fired;
    struct itimerspec asked = {{0, 0}, WAIT}, told;
    int timer = timerfd_create(CLOCK_MONOTONIC, 0);
    TAKES_ITS_TIME((timerfd_settime(timer, 0, &asked, NULL), EXPECT(read(timer, &fired, 8) == 8)));
    TAKES_ITS_TIME((asked.it_value = after(CLOCK_MONOTONIC, LENGTH),
                    timerfd_settime(timer, TFD_TIMER_ABSTIME, &asked, NULL), EXPECT(read(timer, &fired, 8) == 8)));
    asked = (struct itimerspec){{30, 0}, {600, 0}};
    EXPECT(timerfd_settime(timer, 0, &asked, NULL) == 0 && timerfd_gettime(timer, &told) == 0);
    EXPECT(value_of(&told.it_value) > 300 * BILLION && value_of(&told.it_value) <= 600 * BILLION);
    EXPECT(value_of(&told.it_interval) == 30 * BILLION);
    asked = (struct itimerspec){{0, 0}, {0, 0}};
    EXPECT(timerfd_settime(timer, 0, &asked, &told) == 0 && value_of(&told.it_interval) == 30 * BILLION);
    EXPECT(timerfd_gettime(timer, &told) == 0 && value_of(&told.it_value) == 0);
    asked = (struct itimerspec){{0, 0}, {0, 1}};
    EXPECT(timerfd_settime(timer, 0, &asked, NULL) == 0 && read(timer, &fired, 8) == 8);
    asked = (struct itimerspec){{0, 0}, {INT64_MAX, 0}};
    EXPECT(timerfd_settime(timer, 0, &asked, NULL) == 0 && timerfd_gettime(timer, &told) == 0);
    EXPECT(told.it_value.tv_sec > 1000000000);
    EXPECT(timerfd_settime(timer, TFD_TIMER_ABSTIME, &asked, NULL) == 0);
    EXPECT(timerfd_gettime(timer, &told) == 0 && told.it_value.tv_sec > 100000000);
    EXPECT(timerfd_settime(timer, 0, NULL, NULL) == -1 && errno == EFAULT);
    close(timer);
    timer = timerfd_create(CLOCK_REALTIME, 0);
    TAKES_ITS_TIME((asked.it_value = after(CLOCK_REALTIME, LENGTH),
                    timerfd_settime(timer, TFD_TIMER_ABSTIME, &asked, NULL), EXPECT(read(timer, &fired, 8) == 8)));
    close(timer);

    timer_t posix;
    sigset_t alarms;
    sigemptyset(&alarms);
    sigaddset(&alarms, SIGALRM);
    sigprocmask(SIG_BLOCK, &alarms, NULL);
    struct sigevent event = {.sigev_notify = SIGEV_SIGNAL, .sigev_signo = SIGALRM};
    asked = (struct itimerspec){{0, 0}, WAIT};
    EXPECT(timer_create(CLOCK_REALTIME, &event, &posix) == 0);
    TAKES_ITS_TIME((timer_settime(posix, 0, &asked, NULL), EXPECT(sigwaitinfo(&alarms, NULL) == SIGALRM)));
    TAKES_ITS_TIME((asked.it_value = after(CLOCK_REALTIME, LENGTH),
                    timer_settime(posix, TIMER_ABSTIME, &asked, NULL),
                    EXPECT(sigwaitinfo(&alarms, NULL) == SIGALRM)));
    asked = (struct itimerspec){{30, 0}, {600, 0}};
    EXPECT(timer_settime(posix, 0, &asked, NULL) == 0 && timer_gettime(posix, &told) == 0);
    EXPECT(value_of(&told.it_interval) == 30 * BILLION && told.it_value.tv_sec > 300 && told.it_value.tv_sec <= 600);
    EXPECT(timer_delete(posix) == 0);
    EXPECT(timer_create(CLOCK_PROCESS_CPUTIME_ID, &event, &posix) == 0);
    asked = (struct itimerspec){{0, 0}, {0, 20000000}};
    int64_t worked = now(CLOCK_PROCESS_CPUTIME_ID);
    EXPECT(timer_settime(posix, 0, &asked, NULL) == 0);
    for (volatile int i = 0; sigpending(&alarms) == 0 && !sigismember(&alarms, SIGALRM); i++)
        ;
    EXPECT(now(CLOCK_PROCESS_CPUTIME_ID) - worked >= 19000000);
    sigemptyset(&alarms);
    sigaddset(&alarms, SIGALRM);
    EXPECT(sigwaitinfo(&alarms, NULL) == SIGALRM && timer_delete(posix) == 0);

    struct itimerval second = {{0, 0}, {1, 200000}}, before;
    TAKES_ITS_TIME((setitimer(ITIMER_REAL, &second, NULL), EXPECT(sigwaitinfo(&alarms, NULL) == SIGALRM)));
    TAKES_ITS_TIME((alarm(2), EXPECT(sigwaitinfo(&alarms, NULL) == SIGALRM)));
    TAKES_ITS_TIME((ualarm(999999, 0), EXPECT(sigwaitinfo(&alarms, NULL) == SIGALRM), ualarm(999999, 0),
                    EXPECT(sigwaitinfo(&alarms, NULL) == SIGALRM)));
    EXPECT(alarm(4000000000) == 0);
    unsigned int left = alarm(600);
    EXPECT(left > 3999000000 && left <= 4000000000);
    EXPECT(getitimer(ITIMER_REAL, &before) == 0 && before.it_value.tv_sec > 300 && before.it_value.tv_sec <= 600);
    left = alarm(0);
    EXPECT(left > 300 && left <= 600 && alarm(0) == 0);
    second = (struct itimerval){{0, 0}, {0, 1000000}};
    EXPECT(setitimer(ITIMER_REAL, &second, NULL) == -1 && errno == EINVAL);
    EXPECT(setitimer(ITIMER_REAL, NULL, &before) == 0);
    sigprocmask(SIG_UNBLOCK, &alarms, NULL);
}

static void having_children(void)
{
    int64_t early = now(CLOCK_MONOTONIC);
    int status, pipes[2];
    EXPECT(pipe(pipes) == 0);
    pid_t child = vfork();
    if (child == 0) {
        int64_t inside = now(CLOCK_MONOTONIC);
        nanosleep(&WAIT, NULL);
        _exit(write(pipes[1], &inside, sizeof inside) == sizeof inside ? 0 : 1);
    }
    int64_t inside = 0;
    EXPECT(waitpid(child, &status, 0) == child && status == 0);
    EXPECT(read(pipes[0], &inside, sizeof inside) == sizeof inside);
    EXPECT(early <= inside && inside + LENGTH <= now(CLOCK_MONOTONIC));
    close(pipes[0]);
    close(pipes[1]);
}

int main(void)
{
    struct sigaction action = {.sa_handler = count};
    sigaction(SIGALRM, &action, NULL);
    sleeping();
    reading();
    locking();
    waiting_for_others();
    polling();
    timing();
    having_children();
    EXPECT(spent_on_the_wall < spent_by_the_clock / 3);
    return 0;
}
