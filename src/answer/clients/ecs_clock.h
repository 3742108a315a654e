/* Asks the ecs-clock-emf sidecar whether this task's clock is good, and for the range that contains true time.
 *
 * Copy this file. It needs C11 (or C++11, see also ecs_clock.hpp), POSIX threads, and Linux. One source file defines
 * ECS_CLOCK_IMPLEMENTATION before it includes this file first of all. Keep one client for the whole process:
 *
 *     static ecs_clock my_clock = ECS_CLOCK(5.0);                        // the maximum error in milliseconds
 *     ecs_clock_now now;
 *     if (!ecs_clock_read(&my_clock, &now)) return refuse(now.reasons);  // also if the sidecar does not respond
 *     int64_t timestamp = now.latest_ns;
 *     write_it(timestamp);                                               // nobody may see it yet
 *     if (!ecs_clock_wait_until_past(&my_clock, timestamp, 10000.0, &now)) return undo(now.reasons);
 *
 * Both functions block, for at most timeout_ms and the patience: an event loop calls them in a thread. A process that
 * forks uses a new client. */
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

/* True time was in this range, in nanoseconds since 1970, when the function returned. If it returned false, refuse the
 * step: `codes` has the sidecar's codes, or no_answer (nothing usable), or not_past, separated by commas. */
typedef struct {
    int64_t earliest_ns, latest_ns;
    char codes[256], reasons[1024];
} ecs_clock_now;

typedef struct { /* a response; its range was true at some moment between asked and got */
    bool is_good;
    int64_t asked, got, wall_minus_monotonic;
    double limit_ns, drift;
    ecs_clock_now now;
} ecs_clock_answer;

/* A client. A thousand simultaneous callers make one request. Set the first members before the first use. */
typedef struct {
    double max_error_ms;
    const char *sidecar; /* host and port */
    const char *query;   /* more parameters of /clock, such as "&max_age=30m&for=cockroachdb" */
    double cache_ms, timeout_ms;
    double fake_bound_ms;   /* for your tests, if not 0: no sidecar, but a clock with this error bound ... */
    const char *fake_codes; /* ... that is not good while it has codes */
    pthread_mutex_t mutex;
    pthread_cond_t landed;
    bool is_in_flight;
    unsigned long flights;
    int socket;
    ecs_clock_answer last;
} ecs_clock;

#define ECS_CLOCK(max_error_ms) \
    { max_error_ms, "127.0.0.1:2780", "", 100, 1000, 0, "", PTHREAD_MUTEX_INITIALIZER, PTHREAD_COND_INITIALIZER, \
      false, 0, -1, { false, 0, 0, 0, 0, 0, { 0, 0, "", "" } } }

bool ecs_clock_read(ecs_clock *clock, ecs_clock_now *now);
bool ecs_clock_wait_until_past(ecs_clock *clock, int64_t timestamp_ns, double patience_ms, ecs_clock_now *now);
void ecs_clock_close(ecs_clock *clock);

#ifdef __cplusplus
}
#endif
#endif

#ifdef ECS_CLOCK_IMPLEMENTATION
#include <errno.h>
#include <netdb.h>
#include <poll.h>
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

/* Reads both clocks at the same moment. */
static int64_t ecs_clock_pair(int64_t *wall_minus_monotonic) {
    int64_t before;
    do {
        before = ecs_clock_of(CLOCK_MONOTONIC);
        *wall_minus_monotonic = ecs_clock_of(CLOCK_REALTIME) - before;
    } while (ecs_clock_of(CLOCK_MONOTONIC) - before > 1000000); /* then something else ran in between */
    return before;
}

static const char *ecs_clock_space(const char *p) { return p + strspn(p, " \t\r\n"); }

/* Returns the end of a JSON value, or NULL if there is none. */
static const char *ecs_clock_skip(const char *p, int depth) {
    static const char *const words[] = { "true", "false", "null" };
    if (*p == '"') {
        for (p++; *p != '"'; p += *p == '\\' ? 2 : 1)
            if ((unsigned char)*p < 32 || (*p == '\\' && (unsigned char)p[1] < 32)) return NULL;
        return p + 1;
    }
    if (*p == '{' || *p == '[') {
        const char end = *p == '{' ? '}' : ']';
        const bool is_object = *p == '{';
        if (depth == 0) return NULL;
        p = ecs_clock_space(p + 1);
        for (bool is_first = true; *p != end || !is_first; is_first = false) {
            if (is_object) {
                if (*p != '"' || !(p = ecs_clock_skip(p, 0)) || *(p = ecs_clock_space(p)) != ':') return NULL;
                p = ecs_clock_space(p + 1);
            }
            if (!(p = ecs_clock_skip(p, depth - 1))) return NULL;
            p = ecs_clock_space(p);
            if (*p == end) break;
            if (*p != ',') return NULL;
            p = ecs_clock_space(p + 1);
        }
        return p + 1;
    }
    for (int i = 0; i < 3; i++)
        if (!strncmp(p, words[i], strlen(words[i]))) return p + strlen(words[i]);
    const char *after = p + strspn(p, "+-.0123456789eE");
    return after > p && strchr("-0123456789", *p) ? after : NULL;
}

/* Returns the value of a member of a well-formed object, or "". */
static const char *ecs_clock_member(const char *p, const char *name) {
    const size_t length = strlen(name);
    if (*p != '{') return "";
    for (p = ecs_clock_space(p + 1); *p == '"'; p = ecs_clock_space(p + (*p == ','))) {
        const char *key = p + 1, *key_end = ecs_clock_skip(p, 0) - 1;
        p = ecs_clock_space(ecs_clock_space(key_end + 1) + 1);
        if ((size_t)(key_end - key) == length && !strncmp(key, name, length)) return p;
        p = ecs_clock_space(ecs_clock_skip(p, 32));
    }
    return "";
}

/* Joins the strings of an array; without strings it leaves an empty text. */
static void ecs_clock_join(const char *p, const char *separator, char *text, size_t size) {
    text[0] = 0;
    for (p = ecs_clock_space(p + (*p == '[')); *p == '"'; p = ecs_clock_space(p + (*p == ','))) {
        const char *end = ecs_clock_skip(p, 0);
        const size_t used = strlen(text);
        snprintf(text + used, size - used, "%s%.*s", used ? separator : "", (int)(end - p - 2), p + 1);
        p = ecs_clock_space(end);
    }
}

static bool ecs_clock_time(const char *p, int64_t *ns) {
    struct tm given, valid;
    int length = 0, digits = 0;
    memset(&given, 0, sizeof given);
    sscanf(p, "\"%4d-%2d-%2dT%2d:%2d:%2d%n", &given.tm_year, &given.tm_mon, &given.tm_mday, &given.tm_hour,
           &given.tm_min, &given.tm_sec, &length);
    if (length != 20) return false;
    given.tm_year -= 1900, given.tm_mon -= 1, valid = given;
    *ns = (int64_t)timegm(&valid) * 1000000000;
    if (*(p += length) == '.')
        for (int64_t unit = 100000000; ++p, *p >= '0' && *p <= '9'; unit /= 10, digits++) *ns += (*p - '0') * unit;
    return valid.tm_mday == given.tm_mday && valid.tm_sec == given.tm_sec && digits <= 9 && !strncmp(p, "Z\"", 2);
}

static bool ecs_clock_refuse(ecs_clock_now *now, const char *code, const char *reason) {
    snprintf(now->codes, sizeof now->codes, "%s", code);
    snprintf(now->reasons, sizeof now->reasons, "%s", reason);
    return false;
}

static void ecs_clock_judge(ecs_clock_answer *answer, int status, const char *body) {
    ecs_clock_now *now = &answer->now;
    const char *error, *limit, *drift, *end = ecs_clock_skip(body, 32);
    ecs_clock_refuse(now, "no_answer", "the sidecar gives no answer: not an object of JSON");
    if (!end || *ecs_clock_space(end) || *body != '{') return;
    ecs_clock_join(ecs_clock_member(body, "codes"), ",", now->codes, sizeof now->codes);
    ecs_clock_join(ecs_clock_member(body, "reasons"), "; ", now->reasons, sizeof now->reasons);
    if (*now->codes) return;
    answer->is_good = status == 200 && !strncmp(ecs_clock_member(body, "verdict"), "\"good\"", 6) &&
                      ecs_clock_time(ecs_clock_member(body, "earliest"), &now->earliest_ns) &&
                      ecs_clock_time(ecs_clock_member(body, "latest"), &now->latest_ns) &&
                      now->earliest_ns <= now->latest_ns;
    error = ecs_clock_member(body, "error");
    ecs_clock_refuse(now, "no_answer", "");
    snprintf(now->reasons, sizeof now->reasons, "the sidecar gives no answer: HTTP %d: %.*s", status,
             *error == '"' ? (int)(ecs_clock_skip(error, 0) - error - 2) : 0, error + 1);
    /* With the parameter `for`, the sidecar may have applied a smaller limit. */
    limit = ecs_clock_member(ecs_clock_member(body, "limits"), "max_error_ms");
    if (*limit >= '0' && *limit <= '9' && strtod(limit, NULL) * 1e6 < answer->limit_ns)
        answer->limit_ns = strtod(limit, NULL) * 1e6;
    /* Nothing is known to correct a clock whose source is an NTP server. */
    answer->drift = strncmp(ecs_clock_member(body, "source"), "\"ntp\"", 5) ? 15e-6 : 100e-6;
    drift = ecs_clock_member(body, "max_drift_ppm");
    if (*drift >= '0' && *drift <= '9') answer->drift = strtod(drift, NULL) / 1e6;
}

static bool ecs_clock_ready(int fd, short events, int64_t deadline) {
    for (;;) {
        struct pollfd polled = { fd, events, 0 };
        const int64_t left = deadline - ecs_clock_of(CLOCK_MONOTONIC);
        const int ready = left <= 0 ? 0 : poll(&polled, 1, (int)(left / 1000000 + 1));
        if (ready >= 0 || errno != EINTR) return ready > 0;
    }
}

static int ecs_clock_connect(const char *sidecar, int64_t deadline) {
    char host[256];
    const char *port = strrchr(sidecar, ':');
    const size_t brackets = *sidecar == '[';
    const size_t length = port ? (size_t)(port - sidecar) - 2 * brackets : sizeof host;
    struct addrinfo hints, *found;
    int fd = -1, error = 0;
    socklen_t size = sizeof error;
    if (length >= sizeof host) return -1;
    snprintf(host, sizeof host, "%.*s", (int)length, sidecar + brackets);
    memset(&hints, 0, sizeof hints);
    hints.ai_socktype = SOCK_STREAM;
    if (getaddrinfo(host, port + 1, &hints, &found)) return -1;
    for (const struct addrinfo *at = found; at && fd < 0; at = at->ai_next) {
        fd = socket(at->ai_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
        if (fd < 0) continue;
        if ((connect(fd, at->ai_addr, at->ai_addrlen) && errno != EINPROGRESS) ||
            !ecs_clock_ready(fd, POLLOUT, deadline) ||
            getsockopt(fd, SOL_SOCKET, SO_ERROR, &error, &size) || error)
            close(fd), fd = -1;
    }
    freeaddrinfo(found);
    return fd;
}

/* Returns the status and finds the body, or returns 0. */
static int ecs_clock_exchange(ecs_clock *clock, int64_t deadline, char *text, size_t size, char **body, bool *closes) {
    const int length = snprintf(text, size, "GET /clock?max_error=%.0fns%s HTTP/1.1\r\nHost: %s\r\n\r\n",
                                clock->max_error_ms * 1e6, clock->query, clock->sidecar);
    int status = 0;
    if (send(clock->socket, text, (size_t)length, MSG_NOSIGNAL) != length) return 0;
    for (size_t used = 0, whole; ecs_clock_ready(clock->socket, POLLIN, deadline);) {
        const ssize_t received = recv(clock->socket, text + used, size - 1 - used, 0);
        char *end, *content;
        if (received < 0 && (errno == EINTR || errno == EAGAIN)) continue;
        if (received <= 0) return 0;
        text[used += (size_t)received] = 0;
        if (!(end = strstr(text, "\r\n\r\n"))) continue;
        content = strcasestr(text, "\r\ncontent-length:");
        if (sscanf(text, "HTTP/1.1 %3d", &status) != 1 || !content || content > end) return 0;
        whole = (size_t)(end + 4 - text) + strtoul(content + 17, NULL, 10);
        if (used > whole) return 0;
        if (used < whole) continue;
        *end = 0, *body = end + 4, *closes = strcasestr(text, "\r\nconnection: close") != NULL;
        return strlen(*body) == used - (size_t)(*body - text) ? status : 0;
    }
    return 0;
}

static void ecs_clock_ask(ecs_clock *clock, ecs_clock_answer *answer) {
    char text[16384], *body = text;
    const int64_t deadline = ecs_clock_of(CLOCK_MONOTONIC) + (int64_t)(clock->timeout_ms * 1e6);
    bool is_reused, closes = true;
    int status;
    memset(answer, 0, sizeof *answer);
    answer->limit_ns = clock->max_error_ms * 1e6;
    do {
        is_reused = clock->socket >= 0;
        answer->asked = ecs_clock_pair(&answer->wall_minus_monotonic);
        if (!is_reused) clock->socket = ecs_clock_connect(clock->sidecar, deadline);
        status = clock->socket < 0 ? 0 : ecs_clock_exchange(clock, deadline, text, sizeof text, &body, &closes);
        answer->got = ecs_clock_of(CLOCK_MONOTONIC);
        if (clock->socket >= 0 && (!status || closes)) close(clock->socket), clock->socket = -1;
        /* The sidecar may close a connection that was idle: then ask again on a new one. */
    } while (!status && is_reused && answer->got < deadline);
    if (status) ecs_clock_judge(answer, status, ecs_clock_space(body));
    else ecs_clock_refuse(&answer->now, "no_answer", "the sidecar gives no answer");
}

/* Computes the range at present. */
static bool ecs_clock_at(const ecs_clock_answer *answer, ecs_clock_now *now) {
    const int64_t present = ecs_clock_of(CLOCK_MONOTONIC);
    const int64_t growth = (int64_t)((double)(present - answer->asked) * answer->drift) + 1;
    const int64_t bound = (answer->now.latest_ns - answer->now.earliest_ns) / 2 + growth;
    *now = answer->now;
    if (!answer->is_good) return false;
    if ((double)bound > answer->limit_ns)
        return ecs_clock_refuse(now, "bound_over_limit", "the error bound has grown over the limit since the answer");
    now->earliest_ns += present - answer->got - growth;
    now->latest_ns += present - answer->asked + growth;
    now->codes[0] = now->reasons[0] = 0;
    return true;
}

static bool ecs_clock_is_fresh(const ecs_clock *clock) {
    int64_t offset;
    const int64_t present = ecs_clock_pair(&offset);
    ecs_clock_now now;
    return ecs_clock_at(&clock->last, &now) && (double)(present - clock->last.asked) < clock->cache_ms * 1e6 &&
           llabs(offset - clock->last.wall_minus_monotonic) < 5000000;
}

bool ecs_clock_read(ecs_clock *clock, ecs_clock_now *now) {
    bool is_good;
    if (clock->fake_bound_ms > 0) {
        const int64_t wall = ecs_clock_of(CLOCK_REALTIME), bound = (int64_t)(clock->fake_bound_ms * 1e6);
        now->earliest_ns = wall - bound, now->latest_ns = wall + bound;
        return ecs_clock_refuse(now, clock->fake_codes, clock->fake_codes) || !*clock->fake_codes;
    }
    pthread_mutex_lock(&clock->mutex);
    if (clock->is_in_flight) {
        const unsigned long flights = clock->flights;
        while (clock->flights == flights) pthread_cond_wait(&clock->landed, &clock->mutex);
    } else if (!ecs_clock_is_fresh(clock)) {
        ecs_clock_answer answer;
        clock->is_in_flight = true;
        pthread_mutex_unlock(&clock->mutex);
        ecs_clock_ask(clock, &answer);
        pthread_mutex_lock(&clock->mutex);
        clock->last = answer, clock->is_in_flight = false, clock->flights++;
        pthread_cond_broadcast(&clock->landed);
    }
    is_good = ecs_clock_at(&clock->last, now);
    pthread_mutex_unlock(&clock->mutex);
    return is_good;
}

bool ecs_clock_wait_until_past(ecs_clock *clock, int64_t timestamp_ns, double patience_ms, ecs_clock_now *now) {
    const int64_t end = ecs_clock_of(CLOCK_MONOTONIC) + (int64_t)(patience_ms * 1e6);
    char codes[sizeof now->codes + 16] = "not_past";
    for (int64_t patience; (patience = end - ecs_clock_of(CLOCK_MONOTONIC)) > 0;) {
        int64_t left = 50000000; /* a clock that is not good may become good again */
        struct timespec pause;
        if (!ecs_clock_read(clock, now)) snprintf(codes, sizeof codes, "not_past,%s", now->codes);
        else if ((left = timestamp_ns - now->earliest_ns + 1) <= 0) return true;
        if (left > patience) left = patience;
        pause.tv_sec = left / 1000000000, pause.tv_nsec = left % 1000000000;
        nanosleep(&pause, NULL);
    }
    return ecs_clock_refuse(now, codes, "the timestamp is not certainly past");
}

void ecs_clock_close(ecs_clock *clock) {
    if (clock->socket >= 0) close(clock->socket);
    clock->socket = -1;
}
#endif
