// The client of ecs_clock.h for C++17. Copy both files; one source file defines
// ECS_CLOCK_IMPLEMENTATION before it includes this file first of all. Keep one client:
//
//     static ecs_clock_cpp::Clock my_clock(5ms);
//     auto timestamp = my_clock.now().latest;   // throws NotGood: refuse the step
//     write(timestamp);
//     my_clock.wait_until_past(timestamp, 10s); // before anybody sees the write
#pragma once

#include "ecs_clock.h"

#include <chrono>
#include <stdexcept>
#include <string>

namespace ecs_clock_cpp {

using Time = std::chrono::time_point<std::chrono::system_clock, std::chrono::nanoseconds>;
using Milliseconds = std::chrono::duration<double, std::milli>;

/// Refuse the step. `codes` are the sidecar's, or no_answer, or not_past, separated by commas.
struct NotGood : std::runtime_error {
    explicit NotGood(const ecs_clock_now &now)
        : std::runtime_error(now.reasons), codes(now.codes) {}
    std::string codes;
};

/// True time was in this range when it was returned.
struct Now {
    Time earliest, latest;
};

/// A client. A thousand simultaneous callers make one request. Both functions block.
class Clock {
public:
    explicit Clock(Milliseconds max_error) : clock_(ECS_CLOCK(max_error.count())) {}
    Clock(const Clock &) = delete;
    Clock &operator=(const Clock &) = delete;
    ~Clock() { ecs_clock_close(&clock_); }

    /// For what has a default: the address, times, and the fake. Set it before the first use.
    ecs_clock &settings() { return clock_; }

    Now now() {
        ecs_clock_now now;
        if (!ecs_clock_read(&clock_, &now)) throw NotGood(now);
        using std::chrono::nanoseconds;
        return {Time(nanoseconds(now.earliest_ns)), Time(nanoseconds(now.latest_ns))};
    }

    void wait_until_past(Time timestamp, Milliseconds patience) {
        ecs_clock_now now;
        const auto nanoseconds = timestamp.time_since_epoch().count();
        if (!ecs_clock_wait_until_past(&clock_, nanoseconds, patience.count(), &now))
            throw NotGood(now);
    }

private:
    ecs_clock clock_;
};

} // namespace ecs_clock_cpp
