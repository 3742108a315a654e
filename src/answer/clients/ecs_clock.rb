# frozen_string_literal: true

# Asks the ecs-clock-emf sidecar whether this task's clock is good, and for the range of true time.
#
# Copy this file. It needs Ruby 3.0 or later and the standard library only. Keep one client for the
# process. With a fiber scheduler nothing here blocks the event loop.
#
#   clock = EcsClock.new(max_error_ms: 5)
#   timestamp = clock.now.latest       # raises EcsClock::NotGood: refuse the step
#   write(timestamp)
#   clock.wait_until_past(timestamp)   # before anybody sees the write

require "net/http"
require "time"
require "timeout"
require "uri"

# A client. A thousand simultaneous callers make one request.
class EcsClock
  LARGEST_LINE = 65_536
  GOOD = /\Agood ([0-9]{16}) ([0-9]{16})\n\z/
  NOT_GOOD = /\Anot_good ([a-z0-9_,]+)\t([^\n]+)\n\z/

  # True time was in this range, of two Times, when it was returned.
  Now = Struct.new(:earliest, :latest)

  # What came of a request. A good range, in microseconds, was true when it was asked for.
  Answer = Struct.new(:asked, :earliest, :latest, :codes, :reasons)

  # Refuse the step. `codes` are the sidecar's, or no_answer (nothing usable), or not_past.
  class NotGood < StandardError
    attr_reader :codes, :reasons

    def initialize(codes, reasons)
      super(reasons.join("; "))
      @codes = codes
      @reasons = reasons
    end
  end

  # `query` has more parameters of /clock, such as { max_age: "30m", for: "etcd" }.
  def initialize(max_error_ms:, sidecar: nil, cache_ms: 100, timeout_ms: 1000, query: {})
    @uri = URI(sidecar || ENV.fetch("CLOCK_SIDECAR", "http://127.0.0.1:2780"))
    @max_error_ms = max_error_ms
    @cache_ms = cache_ms
    @timeout_ms = timeout_ms
    @valid_for_ms = (cache_ms + timeout_ms).ceil # the sidecar judges the clock as it may be then
    limits = { max_error: "#{(max_error_ms * 1e6).round}ns", valid_for: "#{@valid_for_ms}ms" }
    @target = "/clock.txt?#{URI.encode_www_form(limits.merge(query))}"
    reset
  end

  # The range of true time. Raises NotGood if the clock is not good, or unknown.
  def now
    reset if @pid != Process.pid # after a fork: two processes must not share a connection
    answer = @last
    at_present(answer, @cache_ms) || @mutex.synchronize do
      @last = ask if @last.equal?(answer) # otherwise somebody has asked meanwhile
      answer = @last
      at_present(answer, @valid_for_ms) || raise(NotGood.new(answer.codes, answer.reasons))
    end
  end

  # Returns once true time is certainly past the timestamp. Raises NotGood after the patience.
  def wait_until_past(timestamp, patience_s: 10)
    finish = microseconds + patience_s * 1_000_000
    codes = []
    while (patience = finish - microseconds).positive?
      begin
        left = timestamp - now.earliest
        return if left.negative?
      rescue NotGood => error # it may become good again
        left = 0.05
        codes = error.codes
      end
      sleep([left + 1e-6, patience / 1e6].min)
    end
    raise NotGood.new(["not_past", *codes], ["#{timestamp.iso8601(6)} is not certainly past"])
  end

  private

  def microseconds(clock = Process::CLOCK_MONOTONIC)
    Process.clock_gettime(clock, :nanosecond).div(1000)
  end

  def reset
    @pid = Process.pid
    @mutex = Mutex.new
    @last = Answer.new(0, 0, 0)
    @http = Net::HTTP.new(@uri.hostname, @uri.port, nil) # nil: never a proxy
    @http.keep_alive_timeout = 60 # by default it connects again after 2 s
    @http.max_retries = 0
  end

  def ask
    is_kept = @http.started?
    answer = Answer.new(microseconds, 0, 0, ["no_answer"], ["the clock was stepped meanwhile"])
    Timeout.timeout(@timeout_ms / 1e3) { read(answer, *exchange) }
    is_whole = true
    answer
  rescue StandardError => error
    @http.finish if @http.started?
    # The sidecar may have closed the connection that was kept: ask again on a new one.
    retry if is_kept && !error.is_a?(Timeout::Error)
    reason = "the sidecar gives no answer: #{error.message[0, 200].inspect}"
    Answer.new(0, 0, 0, ["no_answer"], [reason])
  ensure
    # What comes too late is not read as the next answer, also if somebody interrupts this thread.
    @http.finish if @http.started? && !is_whole
  end

  def exchange
    @http.start unless @http.started?
    line = +""
    response = @http.request(Net::HTTP::Get.new(@target)) do |incoming|
      incoming.read_body do |piece|
        line << piece
        raise IOError, "too large" if line.bytesize > LARGEST_LINE
      end
    end
    [response.code, line.force_encoding(Encoding::UTF_8).scrub]
  end

  # Raises an error unless it is an answer about this machine's clock.
  def read(answer, status, line)
    if (not_good = NOT_GOOD.match(line))
      answer.codes = not_good[1].split(",")
      answer.reasons = not_good[2].split("\t")
    elsif status == "200" && (good = GOOD.match(line))
      earliest, answer.latest = good.captures.map(&:to_i)
      # It may be from the end of the request, so at the beginning true time was earlier.
      answer.earliest = earliest - (microseconds - answer.asked) - 1
      is_range = (answer.latest - earliest).between?(0, 2 * (@max_error_ms * 1000 + 1))
    end
    is_usable = not_good || (is_range && at_present(answer, @valid_for_ms))
    raise "HTTP #{status}: #{line}" unless is_usable
  end

  # The range, moved to the present. nil if it is missing or too old, and if it does not contain
  # this machine's clock: after a step or a suspension, or if it is of another clock.
  def at_present(answer, longest_ms)
    earliest = answer.earliest + microseconds - answer.asked
    wall = microseconds(Process::CLOCK_REALTIME)
    age = microseconds + 1 - answer.asked
    latest = answer.latest + age
    return unless age <= longest_ms * 1000 && wall.between?(earliest, latest)

    Now.new(Time.at(0, earliest, :usec).utc, Time.at(0, latest, :usec).utc)
  end

  # A clock for your tests: good with the bound max_error_ms, not good while it has codes.
  class Fake < EcsClock
    attr_accessor :codes

    def now
      raise NotGood.new(codes, codes) if codes&.any?

      bound = @max_error_ms / 1000r
      Now.new(Time.now.utc - bound, Time.now.utc + bound)
    end
  end
end
