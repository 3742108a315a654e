// Drives ecs_clock.hpp by the protocol of languages.py.
#define ECS_CLOCK_IMPLEMENTATION
#include "ecs_clock.hpp"

#include <future>
#include <iostream>
#include <memory>
#include <sstream>
#include <thread>
#include <vector>

using namespace ecs_clock_cpp;

static std::string host, port;

static long long nanoseconds(Time time) { return time.time_since_epoch().count(); }
static long long wall() { return nanoseconds(std::chrono::time_point_cast<std::chrono::nanoseconds>(std::chrono::system_clock::now())); }

static std::string refused(const NotGood &error) { return "refused " + error.codes + " " + error.what(); }

static std::string now(Clock &clock) {
    const auto before = wall();
    std::ostringstream reply;
    try {
        const auto now = clock.now();
        reply << "good " << nanoseconds(now.earliest) << " " << nanoseconds(now.latest) << " " << before << " " << wall();
        return reply.str();
    } catch (const NotGood &error) {
        return refused(error);
    }
}

static std::string many(Clock &clock, int count) {
    std::vector<std::future<std::string>> calls;
    for (int i = 0; i < count; i++) calls.push_back(std::async(std::launch::async, [&clock] { return now(clock); }));
    int good = 0;
    for (auto &call : calls) good += call.get().rfind("good ", 0) == 0;
    return "many " + std::to_string(good) + " " + std::to_string(count - good);
}

static std::string past(Clock &clock, double later, double patience) {
    try {
        const auto timestamp = clock.now().latest + std::chrono::nanoseconds(static_cast<long long>(later * 1e6));
        clock.wait_until_past(timestamp, Milliseconds(patience));
        return "past " + std::to_string(nanoseconds(timestamp)) + " " + std::to_string(wall()) + " -";
    } catch (const NotGood &error) {
        return refused(error);
    }
}

static std::string word(const std::string &text, int index) {
    std::istringstream words(text);
    std::string word;
    for (; index >= 0; index--) words >> word;
    return word;
}

static std::string fake() {
    Clock clock(Milliseconds(5));
    clock.settings().fake_bound_ms = 0.5;
    const auto first = word(now(clock), 0);
    clock.wait_until_past(clock.now().latest, Milliseconds(60'000));
    clock.settings().fake_codes = "not_synchronized";
    return "fake " + first + " " + word(now(clock), 1);
}

int main() {
    std::unique_ptr<Clock> clock;
    for (std::string line; std::getline(std::cin, line);) {
        std::istringstream words(line);
        std::string command, reply, url;
        double first, second, third;
        words >> command;
        if (command == "open") {
            words >> url >> first >> second >> third;
            host = url.substr(7, url.rfind(':') - 7);
            port = url.substr(url.rfind(':') + 1);
            if (host.front() == '[') host = host.substr(1, host.size() - 2);
            clock = std::make_unique<Clock>(Milliseconds(first));
            clock->settings().host = host.c_str();
            clock->settings().port = port.c_str();
            clock->settings().cache_ms = second;
            clock->settings().timeout_ms = third;
            reply = "opened";
        } else if (command == "now") {
            reply = now(*clock);
        } else if (command == "many") {
            words >> first;
            reply = many(*clock, static_cast<int>(first));
        } else if (command == "past") {
            words >> first >> second;
            reply = past(*clock, first, second);
        } else {
            reply = fake();
        }
        std::cout << reply << std::endl;
    }
}
