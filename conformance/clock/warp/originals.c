/* Finds the functions that ours stand in front of, and stands in front of those who look for them, too. */
#include "warp.h"

#include <stdatomic.h>
#include <string.h>

static struct {
    const char *name;
    void *ours;
    _Atomic(void *) original;
} functions[FUNCTIONS] = {
#define AS_ROW(name) {#name, (void *)name, NULL},
    REPLACED_FUNCTIONS(AS_ROW)
#undef AS_ROW
};

static void *find(const char *name)
{
    /* Where a function has changed, plain dlsym has been known to find the one of twenty years ago. */
    if (strncmp(name, "pthread_cond_", 13) == 0) {
        void *found = dlvsym(RTLD_NEXT, name, "GLIBC_2.3.2");
        if (found)
            return found;
    }
    return ORIGINAL(dlsym)(RTLD_NEXT, name);
}

/* As dlsym is one of ours, it takes its sister to find it, and she wants to hear a version. First the one that
 * all have since 2.34, then the first of each architecture. */
static void *find_dlsym(void)
{
    static const char *const versions[] = {"GLIBC_2.34", "GLIBC_2.2.5", "GLIBC_2.17", "GLIBC_2.27",
                                           "GLIBC_2.36", "GLIBC_2.2",   "GLIBC_2.3"};
    void *found = NULL;
    for (size_t i = 0; !found && i < sizeof versions / sizeof *versions; i++)
        found = dlvsym(RTLD_NEXT, "dlsym", versions[i]);
    return found;
}

void *original(enum function function)
{
    void *found = atomic_load_explicit(&functions[function].original, memory_order_relaxed);
    if (!found) {
        found = function == FUNCTION_dlsym ? find_dlsym() : find(functions[function].name);
        atomic_store_explicit(&functions[function].original, found, memory_order_relaxed);
    }
    return found;
}

/* All at once, before the client can have threads and signal handlers, in which looking is not allowed. */
__attribute__((constructor)) static void find_all(void)
{
    for (enum function each = 0; each < FUNCTIONS; each++)
        original(each);
}

/* Some ask a library by name for its function, like the JVM before version 15 for its clocks. They would keep
 * the machine's clock and wait by ours.
 *
 * The two special handles mean "as seen from the caller", whom the original knows by its return address. So
 * that call has to be a jump, which optimising compilers make of a call in this place. */
EXPORTED void *dlsym(void *handle, const char *name)
{
    if (handle == RTLD_NEXT || handle == RTLD_DEFAULT)
        return ORIGINAL(dlsym)(handle, name);
    void *found = ORIGINAL(dlsym)(handle, name);
    for (enum function each = 0; found && each < FUNCTIONS; each++)
        if (strcmp(functions[each].name, name) == 0 && found == original(each))
            return functions[each].ours;
    return found;
}

/* Some load libraries that look for everything in themselves and in what they need before they look here, like PHP
 * its extensions: those would keep the machine's clock. The caller's return address counts here, too. */
EXPORTED void *dlopen(const char *file, int mode)
{
    return ORIGINAL(dlopen)(file, mode & ~RTLD_DEEPBIND);
}
