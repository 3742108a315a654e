/* Asks the ecs-clock-emf sidecar whether this task's clock is good, and for the range of true time.
 *
 * Copy this file. It needs C11 or C++11, POSIX threads, and Linux. One source file defines
 * ECS_CLOCK_IMPLEMENTATION before it includes this file first of all. Keep one client:
 *
 *     static ecs_clock my_clock = ECS_CLOCK(5.0);                        // the maximum error in ms
 *     ecs_clock_now now;
 *     if (!ecs_clock_read(&my_clock, &now)) return refuse(now.reasons);  // also without an answer
 *     int64_t timestamp = now.latest_ns;
 *     write_it(timestamp);                                               // nobody may see it yet
 *     if (!ecs_clock_wait_until_past(&my_clock, timestamp, 1e4, &now)) return undo(now.reasons);
 *
 * Both functions block, for at most twice timeout_ms and the patience: an event loop calls them in
 * a thread. A process that forks uses a new client. */
#ifndef ECS_CLOCK_H
#define ECS_CLOCK_H
#if defined(ECS_CLOCK_IMPLEMENTATION) && !defined(_GNU_SOURCE)
#define _GNU_SOURCE
#endif

#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/* True time was in this range, in nanoseconds since 1970, when the function returned. If it was
 * false, refuse the step: `codes` are the sidecar's, or no_answer (nothing usable), or not_past,
 * separated by commas, and `reasons` by tabs. */
typedef struct {
    int64_t earliest_ns, latest_ns;
    char codes[256], reasons[2048];
} ecs_clock_now;

/* A client. A thousand simultaneous callers make one request. Set members before the first use. */
typedef struct {
    double max_error_ms;
    const char *host, *port;
    const char *query; /* more parameters of /clock, such as "&max_age=30m&for=etcd" */
    double cache_ms, timeout_ms;
    double fake_bound_ms;   /* for your tests, if not 0: a clock with this error bound ... */
    const char *fake_codes; /* ... that is not good while it has codes */
    pthread_mutex_t mutex;
    int socket;
    unsigned long asks;
    int64_t asked, got; /* the range of a good answer was true between them */
    ecs_clock_now last;
} ecs_clock;

#define ECS_CLOCK(max_error_ms) \
    { max_error_ms, "127.0.0.1", "2780", "", 100, 1000, 0, "", PTHREAD_MUTEX_INITIALIZER, -1, \
      0, 0, 0, { 0, 0, "", "" } }

bool ecs_clock_read(ecs_clock *clock, ecs_clock_now *now);
bool ecs_clock_wait_until_past(ecs_clock *clock, int64_t ns, double patience_ms, ecs_clock_now *);
void ecs_clock_close(ecs_clock *clock);

#ifdef __cplusplus
}
#endif
#endif

#ifdef ECS_CLOCK_IMPLEMENTATION
#include <errno.h>
#include <netdb.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

static int64_t ecs_clock_of(clockid_t id) {
    struct timespec t;
    clock_gettime(id, &t);
    return (int64_t)t.tv_sec * 1000000000 + t.tv_nsec;
}

static bool ecs_clock_refuse(ecs_clock_now *now, const char *codes, const char *reasons) {
    snprintf(now->codes, sizeof now->codes, "%s", codes);
    snprintf(now->reasons, sizeof now->reasons, "%s", reasons);
    return false;
}

/* Moves the range to the present. It is of no use if it is too old, or does not contain this
 * machine's clock: after a step or a suspension, or if it is of another clock. */
static bool ecs_clock_at_present(const ecs_clock *clock, double longest_ms, ecs_clock_now *now) {
    const int64_t before = ecs_clock_of(CLOCK_MONOTONIC);
    const int64_t wall = ecs_clock_of(CLOCK_REALTIME);
    const int64_t after = ecs_clock_of(CLOCK_MONOTONIC);
    *now = clock->last;
    now->earliest_ns += before - clock->got;
    now->latest_ns += after - clock->asked;
    return clock->got > 0 && (double)(after - clock->asked) <= longest_ms * 1e6 &&
           now->earliest_ns <= wall && wall <= now->latest_ns;
}

/* The sidecar judges the clock as it may be at the end of this time. */
static double ecs_clock_valid_for_ms(const ecs_clock *clock) {
    return clock->cache_ms + clock->timeout_ms;
}

/* Lets the next call on the socket end at the deadline. */
static bool ecs_clock_limit(int fd, int64_t deadline) {
    const int64_t left = (deadline - ecs_clock_of(CLOCK_MONOTONIC)) / 1000;
    struct timeval t;
    t.tv_sec = (time_t)(left / 1000000);
    t.tv_usec = (suseconds_t)(left % 1000000);
    return left > 0 && !setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &t, sizeof t) &&
           !setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &t, sizeof t);
}

static int ecs_clock_connect(const ecs_clock *clock, int64_t deadline) {
    struct addrinfo *found = NULL;
    int fd = -1;
    if (getaddrinfo(clock->host, clock->port, NULL, &found)) return -1;
    for (const struct addrinfo *at = found; at && fd < 0; at = at->ai_next) {
        fd = socket(at->ai_family, SOCK_STREAM | SOCK_CLOEXEC, 0);
        if (!ecs_clock_limit(fd, deadline) || connect(fd, at->ai_addr, at->ai_addrlen)) {
            close(fd);
            fd = -1;
        }
    }
    freeaddrinfo(found);
    return fd;
}

/* Sends a request and receives the response. Returns its body, which is one line. */
static const char *ecs_clock_exchange(ecs_clock *clock, int64_t deadline, char *text, size_t size) {
    const char *query = "max_error=%.0fns&valid_for=%.0fms%s HTTP/1.1\r\nHost: localhost\r\n\r\n";
    size_t used = (size_t)snprintf(text, size, "GET /clock.txt?");
    used += (size_t)snprintf(text + used, size - used, query, clock->max_error_ms * 1e6,
                             ecs_clock_valid_for_ms(clock) + 1, clock->query);
    if (used >= size || send(clock->socket, text, used, MSG_NOSIGNAL) != (ssize_t)used) return "";
    used = 0;
    while (used < size - 1 && ecs_clock_limit(clock->socket, deadline)) {
        const ssize_t received = recv(clock->socket, text + used, size - 1 - used, 0);
        if (received == 0 || (received < 0 && errno != EINTR)) break;
        if (received > 0) used += (size_t)received;
        text[used] = 0;
        const char *head_end = strstr(text, "\r\n\r\n");
        const bool is_whole = head_end && head_end + 4 < text + used && text[used - 1] == '\n';
        if (is_whole && strlen(text) == used) return head_end + 4;
    }
    return "";
}

/* Asks once. Returns whether there is an answer about this machine's clock. */
static bool ecs_clock_ask(ecs_clock *clock) {
    char text[16384] = "", expected[4096];
    long long earliest = 0, latest = -1;
    ecs_clock_now *now = &clock->last, present;
    clock->asked = ecs_clock_of(CLOCK_MONOTONIC);
    const int64_t deadline = clock->asked + (int64_t)(clock->timeout_ms * 1e6);
    if (clock->socket < 0) clock->socket = ecs_clock_connect(clock, deadline);
    const char *line = ecs_clock_exchange(clock, deadline, text, sizeof text);
    /* What was read is written again and compared, since sscanf skips spaces and signs. */
    sscanf(line, "not_good %255[a-z0-9_,] %2047[^\n]", now->codes, now->reasons);
    snprintf(expected, sizeof expected, "not_good %s\t%s\n", now->codes, now->reasons);
    if (!strcmp(line, expected)) return true;
    ecs_clock_refuse(now, "no_answer", "");
    snprintf(now->reasons, sizeof now->reasons, "the sidecar gives no answer: %.*s",
             (int)strcspn(line, "\n"), line);
    for (char *p = now->reasons; *p; p++)
        if (*p < ' ' || *p > '~') *p = '?';
    sscanf(line, "good %16lld %16lld", &earliest, &latest);
    snprintf(expected, sizeof expected, "good %lld %lld\n", earliest, latest);
    if (strncmp(text, "HTTP/1.1 200 ", 13) || strcmp(line, expected)) return false;
    if (earliest > latest || latest > INT64_MAX / 1000) return false;
    if ((double)(latest - earliest) > 2 * (clock->max_error_ms * 1000 + 1)) return false;
    now->earliest_ns = earliest * 1000;
    now->latest_ns = latest * 1000;
    clock->got = ecs_clock_of(CLOCK_MONOTONIC);
    return ecs_clock_at_present(clock, ecs_clock_valid_for_ms(clock), &present);
}

bool ecs_clock_read(ecs_clock *clock, ecs_clock_now *now) {
    if (clock->fake_bound_ms > 0) {
        const int64_t wall = ecs_clock_of(CLOCK_REALTIME);
        now->earliest_ns = wall - (int64_t)(clock->fake_bound_ms * 1e6);
        now->latest_ns = wall + (int64_t)(clock->fake_bound_ms * 1e6);
        ecs_clock_refuse(now, clock->fake_codes, clock->fake_codes);
        return !*clock->fake_codes;
    }
    const unsigned long seen = __atomic_load_n(&clock->asks, __ATOMIC_ACQUIRE);
    pthread_mutex_lock(&clock->mutex); /* one asks, the others wait here */
    bool is_good = ecs_clock_at_present(clock, clock->cache_ms, now);
    if (!is_good && clock->asks == seen) {
        /* The sidecar may have closed the connection that was kept: then ask on a new one. */
        for (bool is_kept = true; is_kept;) {
            is_kept = clock->socket >= 0;
            clock->got = 0;
            if (ecs_clock_ask(clock)) break;
            ecs_clock_close(clock); /* so that what comes too late is not read as the next answer */
        }
        __atomic_store_n(&clock->asks, seen + 1, __ATOMIC_RELEASE);
    }
    is_good = is_good || ecs_clock_at_present(clock, ecs_clock_valid_for_ms(clock), now);
    pthread_mutex_unlock(&clock->mutex);
    if (is_good) ecs_clock_refuse(now, "", "");
    return is_good;
}

bool ecs_clock_wait_until_past(ecs_clock *clock, int64_t ns, double patience_ms,
                               ecs_clock_now *now) {
    const int64_t end = ecs_clock_of(CLOCK_MONOTONIC) + (int64_t)(patience_ms * 1e6);
    char codes[sizeof now->codes + 16] = "not_past";
    for (int64_t patience; (patience = end - ecs_clock_of(CLOCK_MONOTONIC)) > 0;) {
        int64_t left = 50000000; /* a clock that is not good may become good again */
        if (!ecs_clock_read(clock, now)) snprintf(codes, sizeof codes, "not_past,%s", now->codes);
        else if ((left = ns - now->earliest_ns + 1) <= 0) return true;
        if (left > patience) left = patience;
        const struct timespec pause = { left / 1000000000, left % 1000000000 };
        nanosleep(&pause, NULL);
    }
    return ecs_clock_refuse(now, codes, "the timestamp is not certainly past");
}

void ecs_clock_close(ecs_clock *clock) {
    if (clock->socket >= 0) close(clock->socket);
    clock->socket = -1;
    clock->got = 0;
}
#endif
