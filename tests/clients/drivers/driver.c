/* Drives ecs_clock.h by the protocol of languages.py. */
#define ECS_CLOCK_IMPLEMENTATION
#include "ecs_clock.h"

#include <stdlib.h>

enum { MOST_CALLERS = 1000 };

static ecs_clock my_clock = ECS_CLOCK(5.0);

static int64_t wall(void) { return ecs_clock_of(CLOCK_REALTIME); }

static void print_now(ecs_clock *clock) {
    const int64_t before = wall();
    ecs_clock_now now;
    if (ecs_clock_read(clock, &now))
        printf("good %lld %lld %lld %lld\n", (long long)now.earliest_ns, (long long)now.latest_ns, (long long)before, (long long)wall());
    else
        printf("refused %s %s\n", now.codes, now.reasons);
}

static void *call(void *clock) {
    ecs_clock_now now;
    return ecs_clock_read((ecs_clock *)clock, &now) ? clock : NULL;
}

static void many(ecs_clock *clock, int count) {
    static pthread_t callers[MOST_CALLERS];
    pthread_attr_t small;
    int good = 0;
    pthread_attr_init(&small);
    pthread_attr_setstacksize(&small, 128 * 1024);
    for (int i = 0; i < count; i++)
        if (pthread_create(&callers[i], &small, call, clock)) abort();
    for (int i = 0; i < count; i++) {
        void *reply;
        pthread_join(callers[i], &reply);
        good += reply != NULL;
    }
    printf("many %d %d\n", good, count - good);
}

static void past(ecs_clock *clock, double later_ms, double patience_ms) {
    ecs_clock_now now;
    int64_t timestamp = 0;
    bool is_past = ecs_clock_read(clock, &now);
    if (is_past) {
        timestamp = now.latest_ns + (int64_t)(later_ms * 1e6);
        is_past = ecs_clock_wait_until_past(clock, timestamp, patience_ms, &now);
    }
    if (is_past) printf("past %lld %lld -\n", (long long)timestamp, (long long)wall());
    else printf("refused %s %s\n", now.codes, now.reasons);
}

static void fake(void) {
    ecs_clock clock = ECS_CLOCK(5.0);
    ecs_clock_now now;
    clock.fake_bound_ms = 0.5;
    bool is_good = ecs_clock_read(&clock, &now) && ecs_clock_wait_until_past(&clock, now.latest_ns, 60000.0, &now);
    clock.fake_codes = "not_synchronized";
    if (!ecs_clock_read(&clock, &now)) printf("fake %s %s\n", is_good ? "good" : "refused", now.codes);
}

int main(void) {
    char line[512], url[256];
    double limit, cache, timeout, later, patience;
    int count;
    while (fgets(line, sizeof line, stdin)) {
        if (sscanf(line, "open http://%255s %lf %lf %lf", url, &limit, &cache, &timeout) == 4) {
            char *colon = strrchr(url, ':');
            const ecs_clock new_clock = ECS_CLOCK(limit);
            ecs_clock_close(&my_clock);
            my_clock = new_clock;
            *colon = 0;
            my_clock.host = strtok(url, "[]");
            my_clock.port = colon + 1;
            my_clock.cache_ms = cache;
            my_clock.timeout_ms = timeout;
            printf("opened\n");
        } else if (sscanf(line, "many %d", &count) == 1) {
            many(&my_clock, count);
        } else if (sscanf(line, "past %lf %lf", &later, &patience) == 2) {
            past(&my_clock, later, patience);
        } else if (!strncmp(line, "fake", 4)) {
            fake();
        } else {
            print_now(&my_clock);
        }
        fflush(stdout);
    }
    return 0;
}
