/* A machine that fails on command, put before the C library of one process (LD_PRELOAD).
 *
 * The disk: only the file whose name ends in FAULTY_FILE counts, its writes from 1. Of FAULTY_DISK:
 *   die N        the process is killed (SIGKILL) right after the Nth write is done
 *   tear N B     … after B bytes of the Nth write
 *   full N       from the Nth write on there is no space left
 *   unsynced N   from the Nth fdatasync on the disk does not take it
 *   readonly 0   the file cannot be opened for writing
 * The clock: what the file FAULTY_CLOCK holds as text, in milliseconds, is added to the time of the wall.
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

static int ends_as_meant(const char *path) {
    const char *name = getenv("FAULTY_FILE");
    if (name == NULL) return 0;
    size_t length = strlen(path), tail = strlen(name);
    return length >= tail && strcmp(path + length - tail, name) == 0;
}

static int is_meant(int file) {
    char link[64], path[PATH_MAX];
    snprintf(link, sizeof link, "/proc/self/fd/%d", file);
    ssize_t length = readlink(link, path, sizeof path - 1);
    if (length < 0) return 0;
    path[length] = 0;
    return ends_as_meant(path);
}

static int fault(const char *kind, int *number, int *bytes) {
    const char *text = getenv("FAULTY_DISK");
    char word[16];
    *bytes = 0;
    return text != NULL && sscanf(text, "%15s %d %d", word, number, bytes) >= 2 && strcmp(word, kind) == 0;
}

/* SQLite's way of writing: counted by itself, and only ever without space. */
static int has_space(int file) {
    static int writes;
    int number, bytes;
    if (!is_meant(file)) return 1;
    int now = __atomic_add_fetch(&writes, 1, __ATOMIC_SEQ_CST);
    if (!fault("full", &number, &bytes) || now < number) return 1;
    errno = ENOSPC;
    return 0;
}

ssize_t pwrite(int file, const void *data, size_t count, off_t offset) {
    static ssize_t (*real)(int, const void *, size_t, off_t);
    if (real == NULL) real = dlsym(RTLD_NEXT, "pwrite");
    return has_space(file) ? real(file, data, count, offset) : -1;
}

ssize_t pwrite64(int file, const void *data, size_t count, off64_t offset) {
    static ssize_t (*real)(int, const void *, size_t, off64_t);
    if (real == NULL) real = dlsym(RTLD_NEXT, "pwrite64");
    return has_space(file) ? real(file, data, count, offset) : -1;
}

ssize_t write(int file, const void *data, size_t count) {
    static ssize_t (*real)(int, const void *, size_t);
    static int writes;
    if (real == NULL) real = dlsym(RTLD_NEXT, "write");
    if (!is_meant(file)) return real(file, data, count);
    int number, bytes, now = __atomic_add_fetch(&writes, 1, __ATOMIC_SEQ_CST);
    if (fault("full", &number, &bytes) && now >= number) {
        errno = ENOSPC;
        return -1;
    }
    if (fault("tear", &number, &bytes) && now == number) {
        real(file, data, (size_t)bytes < count ? (size_t)bytes : count);
        kill(getpid(), SIGKILL);
    }
    ssize_t done = real(file, data, count);
    if (fault("die", &number, &bytes) && now == number) kill(getpid(), SIGKILL);
    return done;
}

int fdatasync(int file) {
    static int (*real)(int);
    static int syncs;
    if (real == NULL) real = dlsym(RTLD_NEXT, "fdatasync");
    int number, bytes;
    if (is_meant(file) && fault("unsynced", &number, &bytes)
        && __atomic_add_fetch(&syncs, 1, __ATOMIC_SEQ_CST) >= number) {
        errno = EIO;
        return -1;
    }
    return real(file);
}

int open64(const char *path, int flags, ...) {
    va_list more;
    va_start(more, flags);
    mode_t mode = va_arg(more, mode_t);
    va_end(more);
    int number, bytes;
    if ((flags & O_ACCMODE) != O_RDONLY && ends_as_meant(path) && fault("readonly", &number, &bytes)) {
        errno = EROFS;
        return -1;
    }
    return openat(AT_FDCWD, path, flags | O_LARGEFILE, mode);
}

int clock_gettime(clockid_t clock, struct timespec *now) {
    int failed = (int)syscall(SYS_clock_gettime, clock, now);
    const char *name = getenv("FAULTY_CLOCK");
    if (failed || clock != CLOCK_REALTIME || name == NULL) return failed;
    char text[32] = {0};
    int file = (int)syscall(SYS_openat, AT_FDCWD, name, O_RDONLY);
    if (file < 0) return 0;
    if (read(file, text, sizeof text - 1) > 0) {
        long ms = atol(text);
        now->tv_sec += ms / 1000;
        now->tv_nsec += ms % 1000 * 1000000;
        if (now->tv_nsec < 0) { now->tv_nsec += 1000000000; now->tv_sec--; }
        if (now->tv_nsec >= 1000000000) { now->tv_nsec -= 1000000000; now->tv_sec++; }
    }
    close(file);
    return 0;
}
