/* Faults at single system calls: to be put before libc by LD_PRELOAD.
 *
 * Once armed, it numbers the calls of this process that change something below a directory, from 1,
 * and writes a line "NUMBER CALL PATH" for each to a record. At one number it does one of the
 * things below. Threads are numbered as they come.
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <pthread.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <unistd.h>

enum kind {
    NOTHING, /* only count */
    KILL,    /* SIGKILL before the call */
    TORN,    /* the first half of a write, then SIGKILL */
    FULL,    /* ENOSPC, from here on for all that needs room */
    ENOSPC_, /* ENOSPC once */
    EIO_,    /* EIO once */
    SHORT    /* the first half of a write, which says so */
};

/* What a call is: a write can be done by half, and a call that takes room fails on a full disk. */
enum nature { WRITE, TAKES_ROOM, OTHER };

static pthread_mutex_t turn = PTHREAD_MUTEX_INITIALIZER;
static char below[PATH_MAX];
static int record = -1;
static enum kind wanted;
static long at, number;

#define REAL(name) ((__typeof__(&name))real(#name))

static void *real(const char *name) { return dlsym(RTLD_NEXT, name); }

void arm(const char *directory, const char *record_path, int kind, long call) {
    snprintf(below, sizeof below, "%s/", directory);
    wanted = kind;
    at = call;
    number = 0;
    record = REAL(open)(record_path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
}

static int is_below(const char *path) { return strncmp(path, below, strlen(below)) == 0; }

static void of_descriptor(int descriptor, char *path) {
    char link[64];
    snprintf(link, sizeof link, "/proc/self/fd/%d", descriptor);
    ssize_t length = readlink(link, path, PATH_MAX - 1);
    path[length > 0 ? length : 0] = 0;
}

static void of_name(int directory, const char *name, char *path) {
    char base[PATH_MAX] = "";
    if (name[0] == '/') {
        snprintf(path, PATH_MAX, "%s", name);
        return;
    }
    if (directory == AT_FDCWD) {
        if (!getcwd(base, sizeof base)) base[0] = 0;
    } else {
        of_descriptor(directory, base);
    }
    snprintf(path, 2 * PATH_MAX, "%s/%s", base, name);
}

enum verdict { GO_ON, HALF, FAIL };

static enum verdict judged(const char *call, enum nature nature, const char *path) {
    if (record < 0 || !is_below(path)) return GO_ON;
    enum verdict verdict = GO_ON;
    pthread_mutex_lock(&turn);
    int now = ++number == at;
    char line[2 * PATH_MAX + 64];
    int length = snprintf(line, sizeof line, "%ld %s %s\n", number, call, path + strlen(below));
    REAL(write)(record, line, length);
    if (now && (wanted == KILL || (wanted == TORN && nature != WRITE))) kill(getpid(), SIGKILL);
    if (now && nature == WRITE && (wanted == SHORT || wanted == TORN)) verdict = HALF;
    if (now && (wanted == FULL || wanted == ENOSPC_)) verdict = FAIL, errno = ENOSPC;
    if (number > at && wanted == FULL && nature != OTHER) verdict = FAIL, errno = ENOSPC;
    if (now && wanted == EIO_) verdict = FAIL, errno = EIO;
    pthread_mutex_unlock(&turn);
    return verdict;
}

static ssize_t after_half(ssize_t result) {
    if (wanted == TORN) kill(getpid(), SIGKILL);
    return result;
}

static size_t half(size_t size) { return size > 1 ? size / 2 : size; }

#define ON_DESCRIPTOR(call, nature, descriptor)         \
    char path[2 * PATH_MAX] = "";                       \
    if (record >= 0) of_descriptor(descriptor, path);   \
    enum verdict verdict = judged(call, nature, path);  \
    if (verdict == FAIL) return -1;

#define ON_NAME(call, nature, directory, name)                 \
    char path[2 * PATH_MAX] = "";                              \
    if (record >= 0) of_name(directory, name, path);           \
    if (judged(call, nature, path) == FAIL) return -1;

#define WRITES(function, parameters, all, first_half)                            \
    ssize_t function parameters {                                                \
        ON_DESCRIPTOR(#function, WRITE, descriptor)                              \
        if (verdict == HALF) return after_half(REAL(function) first_half);       \
        return REAL(function) all;                                               \
    }

WRITES(write, (int descriptor, const void *buffer, size_t size), (descriptor, buffer, size),
       (descriptor, buffer, half(size)))
WRITES(pwrite, (int descriptor, const void *buffer, size_t size, off_t offset),
       (descriptor, buffer, size, offset), (descriptor, buffer, half(size), offset))
WRITES(pwrite64, (int descriptor, const void *buffer, size_t size, off64_t offset),
       (descriptor, buffer, size, offset), (descriptor, buffer, half(size), offset))
/* Of several buffers the first ones are written, and of a single one the half. */
WRITES(writev, (int descriptor, const struct iovec *parts, int count), (descriptor, parts, count),
       (descriptor, parts, (int)half(count)))
WRITES(pwritev, (int descriptor, const struct iovec *parts, int count, off_t offset),
       (descriptor, parts, count, offset), (descriptor, parts, (int)half(count), offset))
WRITES(pwritev64, (int descriptor, const struct iovec *parts, int count, off64_t offset),
       (descriptor, parts, count, offset), (descriptor, parts, (int)half(count), offset))

#define CALLS(nature, function, parameters, all)         \
    int function parameters {                            \
        ON_DESCRIPTOR(#function, nature, descriptor)     \
        return REAL(function) all;                       \
    }

CALLS(OTHER, fsync, (int descriptor), (descriptor))
CALLS(OTHER, fdatasync, (int descriptor), (descriptor))
CALLS(OTHER, ftruncate, (int descriptor, off_t size), (descriptor, size))
CALLS(OTHER, ftruncate64, (int descriptor, off64_t size), (descriptor, size))
CALLS(TAKES_ROOM, fallocate, (int descriptor, int mode, off_t offset, off_t size),
      (descriptor, mode, offset, size))
CALLS(TAKES_ROOM, fallocate64, (int descriptor, int mode, off64_t offset, off64_t size),
      (descriptor, mode, offset, size))
CALLS(OTHER, fchmod, (int descriptor, mode_t mode), (descriptor, mode))
CALLS(OTHER, fchown, (int descriptor, uid_t user, gid_t group), (descriptor, user, group))

#define NAMES(nature, function, parameters, directory, name, all)  \
    int function parameters {                                      \
        ON_NAME(#function, nature, directory, name)                \
        return REAL(function) all;                                 \
    }

NAMES(OTHER, unlink, (const char *name), AT_FDCWD, name, (name))
NAMES(OTHER, unlinkat, (int directory, const char *name, int flags), directory, name,
      (directory, name, flags))
NAMES(OTHER, rmdir, (const char *name), AT_FDCWD, name, (name))
NAMES(OTHER, rename, (const char *old, const char *name), AT_FDCWD, name, (old, name))
NAMES(OTHER, renameat, (int from, const char *old, int directory, const char *name), directory,
      name, (from, old, directory, name))
NAMES(TAKES_ROOM, link, (const char *old, const char *name), AT_FDCWD, name, (old, name))
NAMES(TAKES_ROOM, linkat,
      (int from, const char *old, int directory, const char *name, int flags), directory, name,
      (from, old, directory, name, flags))
NAMES(TAKES_ROOM, symlink, (const char *old, const char *name), AT_FDCWD, name, (old, name))
NAMES(TAKES_ROOM, mkdir, (const char *name, mode_t mode), AT_FDCWD, name, (name, mode))
NAMES(TAKES_ROOM, mkdirat, (int directory, const char *name, mode_t mode), directory, name,
      (directory, name, mode))
NAMES(OTHER, chmod, (const char *name, mode_t mode), AT_FDCWD, name, (name, mode))
NAMES(OTHER, fchmodat, (int directory, const char *name, mode_t mode, int flags), directory, name,
      (directory, name, mode, flags))
NAMES(OTHER, truncate, (const char *name, off_t size), AT_FDCWD, name, (name, size))

/* To open a file changes something only where it may make or empty one. */
#define OPENS(function, parameters, last, directory, all)                              \
    int function parameters {                                                          \
        mode_t mode = 0;                                                               \
        if (flags & O_CREAT || (flags & O_TMPFILE) == O_TMPFILE) {                     \
            va_list more;                                                              \
            va_start(more, last);                                                      \
            mode = va_arg(more, mode_t);                                               \
            va_end(more);                                                              \
        }                                                                              \
        if (record >= 0 && flags & (O_CREAT | O_TRUNC)) {                              \
            char path[2 * PATH_MAX] = "";                                              \
            of_name(directory, name, path);                                            \
            int is_new = access(path, F_OK) != 0;                                      \
            if (judged(#function, is_new ? TAKES_ROOM : OTHER, path) == FAIL) return -1; \
        }                                                                              \
        return REAL(function) all;                                                     \
    }

OPENS(open, (const char *name, int flags, ...), flags, AT_FDCWD, (name, flags, mode))
OPENS(open64, (const char *name, int flags, ...), flags, AT_FDCWD, (name, flags, mode))
OPENS(openat, (int directory, const char *name, int flags, ...), flags, directory,
      (directory, name, flags, mode))
OPENS(openat64, (int directory, const char *name, int flags, ...), flags, directory,
      (directory, name, flags, mode))
