# frozen_string_literal: true

# Asks the ecs-clock-emf sidecar whether this task's clock is good, and for the range that contains true time.
#
# Copy this file. It needs Ruby 3.0 or later and the standard library only. Keep one client for the whole process. With
# a fiber scheduler nothing here blocks the event loop.
#
#   clock = EcsClock.new(max_error_ms: 5)
#   timestamp = clock.now.latest       # raises EcsClock::NotGood: refuse the step, also if the sidecar does not respond
#   write(timestamp)
#   clock.wait_until_past(timestamp)   # before anybody sees the write

require "json"
require "net/http"
require "time"
require "uri"

# A client. A thousand simultaneous callers make one request.
class EcsClock
  LARGEST_ANSWER = 65_536
  SMALLEST_STEP_NS = 5_000_000

  # True time was in this range, of two Times, when it was returned. `answer` has all that the sidecar answered.
  Now = Struct.new(:earliest, :latest, :answer)

  # Refuse the step. `codes` has the sidecar's codes, or no_answer (nothing usable), or not_past.
  class NotGood < StandardError
    attr_reader :codes, :reasons

    def initialize(codes, reasons)
      super(reasons.join("; "))
      @codes = codes
      @reasons = reasons
    end
  end

  # A good answer. Its range was true at some moment between asked and got.
  Answer = Struct.new(:range, :limit_ns, :drift, :asked, :wall, :got)

  # `query` has more parameters of /clock, such as { max_age: "30m", for: "cockroachdb" }.
  def initialize(max_error_ms:, sidecar: nil, cache_ms: 100, timeout_ms: 1000, query: {})
    @uri = URI(sidecar || ENV.fetch("CLOCK_SIDECAR", "http://127.0.0.1:2780"))
    @limit_ns = (max_error_ms * 1e6).round
    @path = "/clock?#{URI.encode_www_form({ max_error: "#{@limit_ns}ns" }.merge(query))}"
    @cache_ns = cache_ms * 1e6
    @timeout = timeout_ms / 1e3
    reset
  end

  # The range that contains true time. Raises NotGood if the clock is not good or nothing is known.
  def now
    reset if @pid != Process.pid # after a fork: two processes must not share a connection
    flight, leads = @mutex.synchronize do
      return at(@answer) if @answer && fresh?(@answer)

      leads = @flight.nil?
      [@flight ||= { landed: ConditionVariable.new }, leads]
    end
    leads ? fly(flight) : @mutex.synchronize { flight[:landed].wait(@mutex) until flight[:outcome] }
    outcome = flight[:outcome]
    raise NotGood.new(outcome.codes, outcome.reasons) if outcome.is_a?(NotGood)

    at(outcome)
  end

  # Returns once true time is certainly past the timestamp. Raises NotGood after the patience.
  def wait_until_past(timestamp, patience_s: 10)
    finish = monotonic + patience_s * 1e9
    codes = []
    while (patience = finish - monotonic).positive?
      begin
        left = timestamp - now.earliest
        return if left.negative?
      rescue NotGood => error # it may become good again
        left = 0.05
        codes = error.codes
      end
      sleep([left + 1e-6, patience / 1e9].min)
    end
    raise NotGood.new(["not_past", *codes], ["#{timestamp.iso8601(6)} is not certainly past"])
  end

  private

  def monotonic = Process.clock_gettime(Process::CLOCK_MONOTONIC, :nanosecond)

  # Both clocks at the same moment.
  def clocks
    loop do
      before = monotonic
      wall = Process.clock_gettime(Process::CLOCK_REALTIME, :nanosecond)
      return before, wall if monotonic - before < 1_000_000 # otherwise something else ran in between
    end
  end

  def reset
    @pid = Process.pid
    @mutex = Mutex.new
    @answer = @flight = nil
    @http = Net::HTTP.new(@uri.hostname, @uri.port, nil) # nil: never a proxy
    @http.open_timeout = @http.read_timeout = @http.write_timeout = @timeout
    @http.max_retries = 0
    @http.keep_alive_timeout = 60 # by default it connects again after 2 s
  end

  def fly(flight)
    outcome = NotGood.new(["no_answer"], ["the request was interrupted"])
    outcome = ask
  rescue NotGood => error
    outcome = error
  ensure # the others wait for this in any case
    @mutex.synchronize do
      @answer = outcome.is_a?(Answer) ? outcome : nil
      @flight = nil
      flight[:outcome] = outcome
      flight[:landed].broadcast
    end
  end

  def ask
    reused = @http.started?
    asked, wall = clocks
    @http.start unless reused
    body = +""
    response = @http.request(Net::HTTP::Get.new(@path)) do |incoming|
      incoming.read_body { |piece| (body << piece).bytesize > LARGEST_ANSWER and raise IOError, "too large" }
    end
    read(response.code, JSON.parse(body), asked, wall)
  rescue NotGood
    raise
  rescue StandardError => error
    @http.finish if @http.started?
    # The sidecar may close a connection that was idle: then ask again on a new one.
    retry if reused && (error.is_a?(IOError) || error.is_a?(SystemCallError))
    raise NotGood.new(["no_answer"], ["the sidecar gives no answer: #{error.message[0, 200].tr("\n", " ")}"])
  end

  def read(status, members, asked, wall)
    got = monotonic
    raise NotGood.new(members["codes"], members["reasons"]) unless Array(members["codes"]).empty?
    raise ArgumentError, "HTTP #{status}: #{members['error']}" unless status == "200" && members["verdict"] == "good"

    earliest, latest = members.values_at("earliest", "latest").map { |text| time(text) }
    # With the parameter `for`, the sidecar may have applied a smaller limit.
    limit_ns = [@limit_ns, (members.dig("limits", "max_error_ms") || Float::INFINITY) * 1e6].min
    # Nothing is known to correct a clock whose source is an NTP server.
    drift = (members["max_drift_ppm"] || (members["source"] == "ntp" ? 100 : 15)) / 1e6
    raise ArgumentError, "impossible range or drift" unless earliest <= latest && drift >= 0 && drift < 1

    Answer.new(Now.new(earliest, latest, members), limit_ns, drift, asked, wall, got)
  end

  def time(text)
    time = Time.iso8601(text)
    time.iso8601.start_with?(text[0, 19]) && text.end_with?("Z") ? time : raise(ArgumentError, "no time: #{text}")
  end

  def good?(answer, present)
    (answer.range.latest - answer.range.earliest) / 2 * 1e9 + (present - answer.asked) * answer.drift <= answer.limit_ns
  end

  def fresh?(answer)
    present, wall = clocks
    age = present - answer.asked
    age < @cache_ns && (wall - answer.wall - age).abs < SMALLEST_STEP_NS && good?(answer, present)
  end

  def at(answer)
    present = monotonic
    unless good?(answer, present)
      raise NotGood.new(["bound_over_limit"], ["the error bound has grown over the limit since the answer"])
    end

    least = ((present - answer.got) * (1 - answer.drift)).floor.to_r / 1_000_000_000
    most = ((present - answer.asked) * (1 + answer.drift)).ceil.to_r / 1_000_000_000
    Now.new(answer.range.earliest + least, answer.range.latest + most, answer.range.answer)
  end

  # A clock for your tests: good with this error bound, not good while it has codes.
  class Fake < EcsClock
    attr_accessor :codes

    def initialize(bound_ms: 0.5)
      super(max_error_ms: bound_ms)
      @bound = bound_ms.to_r / 1000
      @codes = []
    end

    def now
      raise NotGood.new(codes, codes) unless codes.empty?

      Now.new(Time.now.utc - @bound, Time.now.utc + @bound, {})
    end
  end
end
