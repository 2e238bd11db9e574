/* A disk that fails on command, put before the C library of one process (LD_PRELOAD).
 *
 * Only writes to the file whose name ends in FAULTY_DISK_FILE count, from 1. Of FAULTY_DISK_FAULT:
 *   die N        the process is killed (SIGKILL) right after the Nth write is done
 *   tear N B     … after B bytes of the Nth write
 *   full N       from the Nth write on there is no space left
 *   unsynced N   from the Nth fdatasync on the disk does not take it
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static int is_meant(int file) {
    const char *name = getenv("FAULTY_DISK_FILE");
    char link[64], path[PATH_MAX];
    snprintf(link, sizeof link, "/proc/self/fd/%d", file);
    ssize_t length = readlink(link, path, sizeof path - 1);
    if (name == NULL || length < 0) return 0;
    path[length] = 0;
    size_t tail = strlen(name);
    return (size_t)length >= tail && strcmp(path + length - tail, name) == 0;
}

static int fault(const char *kind, int *number, int *bytes) {
    const char *text = getenv("FAULTY_DISK_FAULT");
    char word[16];
    *bytes = 0;
    return text != NULL && sscanf(text, "%15s %d %d", word, number, bytes) >= 2 && strcmp(word, kind) == 0;
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
