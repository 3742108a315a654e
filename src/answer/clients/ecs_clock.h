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
    int64_t asked;      /* when the range of the last answer was true, on CLOCK_MONOTONIC */
    ecs_clock_now last; /* its latest_ns is 0 unless it was good */
} ecs_clock;

#define ECS_CLOCK(max_error_ms) \
    { max_error_ms, "127.0.0.1", "2780", "", 100, 1000, 0, "", PTHREAD_MUTEX_INITIALIZER, -1, \
      0, 0, { 0, 0, "", "" } }

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
#include <stdlib.h>
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
    const int64_t age = ecs_clock_of(CLOCK_MONOTONIC) - clock->asked;
    *now = clock->last;
    now->earliest_ns += before - clock->asked;
    now->latest_ns += age;
    return (double)age <= longest_ms * 1e6 && now->earliest_ns <= wall && wall <= now->latest_ns;
}

/* Lets the next call on the socket end at the deadline. */
static bool ecs_clock_limit(int fd, int64_t deadline) {
    const int64_t left = (deadline - ecs_clock_of(CLOCK_MONOTONIC)) / 1000;
    const struct timeval t = { (time_t)(left / 1000000), (suseconds_t)(left % 1000000) };
    return left > 0 && !setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &t, sizeof t) &&
           !setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &t, sizeof t);
}

static int ecs_clock_connect(const ecs_clock *clock, int64_t deadline) {
    struct addrinfo *found = NULL;
    int fd = -1;
    if (getaddrinfo(clock->host, clock->port, NULL, &found)) return -1;
    for (const struct addrinfo *at = found; at && fd < 0; at = at->ai_next) {
        fd = socket(at->ai_family, SOCK_STREAM | SOCK_CLOEXEC, 0);
        if (ecs_clock_limit(fd, deadline) && !connect(fd, at->ai_addr, at->ai_addrlen)) break;
        close(fd);
        fd = -1;
    }
    freeaddrinfo(found);
    return fd;
}

/* Sends a request and receives the response. Returns its body, which is one line. */
static const char *ecs_clock_exchange(ecs_clock *clock, int64_t deadline, char *text, size_t size) {
    const char *request = "GET /clock.txt?max_error=%.0fns&valid_for=%.0fms%s HTTP/1.1\r\n%s";
    size_t used = (size_t)snprintf(text, size, request, clock->max_error_ms * 1e6,
                                   clock->cache_ms + clock->timeout_ms + 1, clock->query,
                                   "Host: localhost\r\n\r\n");
    if (used >= size || send(clock->socket, text, used, MSG_NOSIGNAL) != (ssize_t)used) return "";
    used = 0;
    while (used < size - 1 && ecs_clock_limit(clock->socket, deadline)) {
        const ssize_t received = recv(clock->socket, text + used, size - 1 - used, 0);
        if (received == 0 || (received < 0 && errno != EINTR)) break;
        if (received > 0) used += (size_t)received;
        text[used] = 0;
        const char *end = strstr(text, "\r\n\r\n");
        if (end && end[4] && text[used - 1] == '\n' && strlen(text) == used) return end + 4;
    }
    return "";
}

/* Reads the line of a good answer. Returns whether it is about this machine's clock. */
static bool ecs_clock_is_good(ecs_clock *clock, const char *line) {
    char earliest[17] = "1", latest[17] = "0";
    int end = 0;
    ecs_clock_now present;
    /* %*1[ ] is one space: a space alone would be any number of them. */
    sscanf(line, "good%*1[ ]%16[0-9]%*1[ ]%16[0-9]%*1[\n]%n", earliest, latest, &end);
    const int64_t width = atoll(latest) - atoll(earliest);
    if (end != 39 || line[end] || width < 0 || atoll(latest) > INT64_MAX / 1000) return false;
    /* It may be from the end of the request, so at the beginning true time was earlier. */
    const int64_t taken = ecs_clock_of(CLOCK_MONOTONIC) - clock->asked;
    clock->last.earliest_ns = atoll(earliest) * 1000 - taken;
    clock->last.latest_ns = atoll(latest) * 1000;
    return (double)width <= 2 * (clock->max_error_ms * 1000 + 1) &&
           ecs_clock_at_present(clock, clock->cache_ms + clock->timeout_ms, &present);
}

static void ecs_clock_ask(ecs_clock *clock) {
    char text[16384] = "";
    int end = 0;
    const bool is_kept = clock->socket >= 0;
    ecs_clock_now *last = &clock->last;
    clock->asked = ecs_clock_of(CLOCK_MONOTONIC);
    const int64_t deadline = clock->asked + (int64_t)(clock->timeout_ms * 1e6);
    if (!is_kept) clock->socket = ecs_clock_connect(clock, deadline);
    const char *line = ecs_clock_exchange(clock, deadline, text, sizeof text);
    last->latest_ns = 0;
    const char *not_good = "not_good%*1[ ]%255[a-z0-9_,]%*1[\t]%2047[^\n]%*1[\n]%n";
    if (sscanf(line, not_good, last->codes, last->reasons, &end) == 2 && end && !line[end]) return;
    ecs_clock_refuse(last, "no_answer", "");
    snprintf(last->reasons, sizeof last->reasons, "the sidecar gives no answer: %.200s", line);
    for (char *p = last->reasons; *p; p++)
        if (*p < ' ' || *p > '~') *p = '?';
    if (!strncmp(text, "HTTP/1.1 200 ", 13) && ecs_clock_is_good(clock, line)) return;
    ecs_clock_close(clock); /* so that what comes too late is not read as the next answer */
    if (is_kept) ecs_clock_ask(clock); /* the sidecar may have closed the connection */
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
        ecs_clock_ask(clock);
        __atomic_store_n(&clock->asks, seen + 1, __ATOMIC_RELEASE);
    }
    is_good = is_good || ecs_clock_at_present(clock, clock->cache_ms + clock->timeout_ms, now);
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
    clock->last.latest_ns = 0;
}
#endif
