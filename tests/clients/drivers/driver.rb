# frozen_string_literal: true

# Drives ecs_clock.rb by the protocol of languages.py.

require_relative "../../../src/answer/clients/ecs_clock"

def nanoseconds(time) = time.to_i * 1_000_000_000 + time.nsec
def wall = Process.clock_gettime(Process::CLOCK_REALTIME, :nanosecond)
def refused(error) = "refused #{error.codes.join(',')} #{error.message}"

def now(clock)
  before = wall
  range = clock.now
  "good #{nanoseconds(range.earliest)} #{nanoseconds(range.latest)} #{before} #{wall}"
rescue EcsClock::NotGood => e
  refused(e)
end

def many(clock, count)
  good = Array.new(count) { Thread.new { now(clock) } }.map(&:value).count { |reply| reply.start_with?("good ") }
  "many #{good} #{count - good}"
end

def past(clock, later_ms, patience_ms)
  timestamp = clock.now.latest + later_ms / 1000
  clock.wait_until_past(timestamp, patience_s: patience_ms / 1000)
  "past #{nanoseconds(timestamp)} #{wall} -"
rescue EcsClock::NotGood => e
  refused(e)
end

def interrupted(clock, after_ms)
  Timeout.timeout(after_ms / 1000) { clock.now }
  "good"
rescue Timeout::Error
  "interrupted"
end

def fake
  clock = EcsClock::Fake.new(max_error_ms: 0.5)
  first = now(clock).split.first
  clock.wait_until_past(clock.now.latest)
  clock.codes = ["not_synchronized"]
  "fake #{first} #{now(clock).split[1]}"
end

$stdout.sync = true
clock = nil
$stdin.each_line do |line|
  command, *words = line.split
  case command
  when "open"
    limit, cache, timeout = words.drop(1).map(&:to_f)
    clock = EcsClock.new(max_error_ms: limit, sidecar: words.first, cache_ms: cache, timeout_ms: timeout)
    puts "opened"
  when "now" then puts now(clock)
  when "many" then puts many(clock, Integer(words.first))
  when "past" then puts past(clock, *words.map(&:to_f))
  when "interrupted" then puts interrupted(clock, *words.map(&:to_f))
  when "fake" then puts fake
  end
end
