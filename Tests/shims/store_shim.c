// Stands between a program and the calls that change a disk (LD_PRELOAD), to end the program at a chosen one of them or to
// make them fail. Only calls on files below one folder count; sockets, logs and everything else pass.
//
//   STORE_SHIM_FOLDER   the folder, as a real path
//   STORE_SHIM_COUNT    a file the number of calls so far is kept in (8 bytes), readable while and after the program runs
//   STORE_SHIM_KILL     k: SIGKILL instead of the k-th call, counted from 1
//   STORE_SHIM_TEAR     with KILL: where the k-th call writes, the first half of its bytes is written before
//   STORE_SHIM_FAULT    a file; while it exists calls fail as it says, one rule a line: "CALL ERRNO", CALL being write, sync,
//                       rename, truncate, allocate, create or any; read anew whenever it has changed
//
// Built by Deploy/shims; used by Tests/NodeTests.
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <pthread.h>
#include <signal.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>

static const char *folder;
static const char *fault_path;
static size_t folder_length;
static _Atomic uint64_t own_count;
static _Atomic uint64_t *count = &own_count;
static uint64_t kill_at;
static int tears;

__attribute__((constructor)) static void begin(void) {
    folder = getenv("STORE_SHIM_FOLDER");
    folder_length = folder ? strlen(folder) : 0;
    fault_path = getenv("STORE_SHIM_FAULT");
    const char *at = getenv("STORE_SHIM_KILL");
    kill_at = at ? strtoull(at, 0, 10) : 0;
    tears = getenv("STORE_SHIM_TEAR") != 0;
    const char *path = getenv("STORE_SHIM_COUNT");
    if (path) {
        int file = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
        if (file >= 0 && syscall(SYS_ftruncate, file, 8L) == 0) {
            void *map = mmap(0, 8, PROT_READ | PROT_WRITE, MAP_SHARED, file, 0);
            if (map != MAP_FAILED) count = map;
        }
        if (file >= 0) close(file);
    }
}

// Whether a path lies below the folder.
static int is_below(const char *path) {
    return folder && path && strncmp(path, folder, folder_length) == 0 && path[folder_length] == '/';
}

static int is_file_below(int file) {
    if (!folder) return 0;
    char link[64], path[PATH_MAX];
    snprintf(link, sizeof link, "/proc/self/fd/%d", file);
    ssize_t length = readlink(link, path, sizeof path - 1);
    if (length <= 0) return 0;
    path[length] = 0;
    return is_below(path) || strcmp(path, folder) == 0;
}

// The error a call fails with now; 0 when it goes through.
static int fault(const char *call) {
    if (!fault_path) return 0;
    int file = open(fault_path, O_RDONLY | O_CLOEXEC);
    if (file < 0) return 0;
    char text[512];
    ssize_t length = read(file, text, sizeof text - 1);
    close(file);
    if (length <= 0) return 0;
    text[length] = 0;
    char *rest = 0;
    for (char *line = strtok_r(text, "\n", &rest); line; line = strtok_r(0, "\n", &rest)) {
        char name[32], error[32];
        if (sscanf(line, "%31s %31s", name, error) != 2) continue;
        if (strcmp(name, call) && strcmp(name, "any")) continue;
        if (!strcmp(error, "ENOSPC")) return ENOSPC;
        if (!strcmp(error, "EROFS")) return EROFS;
        if (!strcmp(error, "EDQUOT")) return EDQUOT;
        return EIO;
    }
    return 0;
}

static void die(void) {
    kill(getpid(), SIGKILL);
    for (;;) pause();
}

// Counts a call, and ends the program when it is the one. 1: tear first, and call `die` after.
static int step(int can_tear) {
    uint64_t now = atomic_fetch_add(count, 1) + 1;
    if (!kill_at || now < kill_at) return 0;
    if (now == kill_at && can_tear && tears) return 1;
    die();
    return 0;
}

#define NEXT(name) \
    static __typeof__(name) *next; \
    if (!next) next = (__typeof__(name) *)dlsym(RTLD_NEXT, #name)

#define REFUSE(call, value) \
    do { \
        int refused = fault(call); \
        if (refused) { errno = refused; return value; } \
    } while (0)

ssize_t write(int file, const void *bytes, size_t length) {
    NEXT(write);
    if (!is_file_below(file)) return next(file, bytes, length);
    REFUSE("write", -1);
    if (step(1)) { next(file, bytes, length / 2); die(); }
    return next(file, bytes, length);
}

ssize_t pwrite(int file, const void *bytes, size_t length, off_t at) {
    NEXT(pwrite);
    if (!is_file_below(file)) return next(file, bytes, length, at);
    REFUSE("write", -1);
    if (step(1)) { next(file, bytes, length / 2, at); die(); }
    return next(file, bytes, length, at);
}

ssize_t pwrite64(int file, const void *bytes, size_t length, off64_t at) {
    NEXT(pwrite64);
    if (!is_file_below(file)) return next(file, bytes, length, at);
    REFUSE("write", -1);
    if (step(1)) { next(file, bytes, length / 2, at); die(); }
    return next(file, bytes, length, at);
}

ssize_t writev(int file, const struct iovec *parts, int number) {
    NEXT(writev);
    if (!is_file_below(file)) return next(file, parts, number);
    REFUSE("write", -1);
    if (step(number > 1)) { next(file, parts, number / 2); die(); }
    return next(file, parts, number);
}

int fsync(int file) {
    NEXT(fsync);
    if (!is_file_below(file)) return next(file);
    REFUSE("sync", -1);
    step(0);
    return next(file);
}

int fdatasync(int file) {
    NEXT(fdatasync);
    if (!is_file_below(file)) return next(file);
    REFUSE("sync", -1);
    step(0);
    return next(file);
}

int rename(const char *from, const char *to) {
    NEXT(rename);
    if (!is_below(to)) return next(from, to);
    REFUSE("rename", -1);
    step(0);
    return next(from, to);
}

int ftruncate(int file, off_t length) {
    NEXT(ftruncate);
    if (!is_file_below(file)) return next(file, length);
    REFUSE("truncate", -1);
    step(0);
    return next(file, length);
}

int ftruncate64(int file, off64_t length) {
    NEXT(ftruncate64);
    if (!is_file_below(file)) return next(file, length);
    REFUSE("truncate", -1);
    step(0);
    return next(file, length);
}

int posix_fallocate(int file, off_t from, off_t length) {
    NEXT(posix_fallocate);
    if (!is_file_below(file)) return next(file, from, length);
    int refused = fault("allocate");
    if (refused) return refused;
    step(0);
    return next(file, from, length);
}

int unlink(const char *path) {
    NEXT(unlink);
    if (!is_below(path)) return next(path);
    step(0);
    return next(path);
}

int open(const char *path, int flags, ...) {
    NEXT(open);
    mode_t mode = 0;
    if (flags & (O_CREAT | O_TMPFILE)) {
        va_list more;
        va_start(more, flags);
        mode = va_arg(more, mode_t);
        va_end(more);
    }
    if ((flags & O_CREAT) && is_below(path)) REFUSE("create", -1);
    return next(path, flags, mode);
}
