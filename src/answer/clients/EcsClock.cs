// Asks the ecs-clock-emf sidecar whether this task's clock is good, and for the range of true time.
//
// Copy this file. It needs .NET Core 3.1 or later, and no packages. It was compiled with Mono's mcs
// and run on .NET Core 3.1.23, not on a later .NET. Keep one client for the process:
//
//     var clock = new EcsClock(TimeSpan.FromMilliseconds(5));
//     var timestamp = (await clock.NowAsync()).Latest;  // ClockNotGoodException: refuse the step
//     await WriteAsync(timestamp);
//     await clock.WaitUntilPastAsync(timestamp, TimeSpan.FromSeconds(10));  // before anybody sees
#nullable disable
using System;
using System.Collections.Generic;
using System.Diagnostics;
using System.Linq;
using System.Net.Http;
using System.Text;
using System.Text.RegularExpressions;
using System.Threading;
using System.Threading.Tasks;

/// <summary>Refuse the step. The codes are the sidecar's, or no_answer, or not_past.</summary>
public sealed class ClockNotGoodException : Exception
{
    public IReadOnlyList<string> Codes { get; }
    public IReadOnlyList<string> Reasons { get; }

    public ClockNotGoodException(IReadOnlyList<string> codes, params string[] reasons)
        : base(string.Join("; ", reasons))
    {
        Codes = codes;
        Reasons = reasons;
    }
}

/// <summary>True time was in this range when it was returned.</summary>
public sealed class ClockRange
{
    public DateTimeOffset Earliest { get; }
    public DateTimeOffset Latest { get; }

    public ClockRange(DateTimeOffset earliest, DateTimeOffset latest)
    {
        Earliest = earliest;
        Latest = latest;
    }
}

/// <summary>A client. A thousand simultaneous callers make one request.</summary>
public class EcsClock
{
    private static readonly Regex Good = new Regex(@"\Agood ([0-9]{16}) ([0-9]{16})\n\z");
    private static readonly Regex NotGood = new Regex(@"\Anot_good ([a-z0-9_,]+)\t(.+)\n\z");

    private readonly TimeSpan maxError;
    private readonly TimeSpan cache;
    private readonly TimeSpan validFor;
    private readonly string address;
    private readonly HttpClient http;
    private readonly object gate = new object();
    private Answer last;
    private Task<Answer> flight;

    /// <param name="query">More parameters of /clock, such as "&amp;max_age=30m".</param>
    public EcsClock(
        TimeSpan maxError, string sidecar = null, string query = "", TimeSpan? cache = null,
        TimeSpan? timeout = null)
    {
        this.maxError = maxError;
        this.cache = cache ?? TimeSpan.FromMilliseconds(100);
        // It asks again if the sidecar has closed an idle connection.
        http = new HttpClient(new SocketsHttpHandler
        {
            UseProxy = false, AllowAutoRedirect = false, MaxConnectionsPerServer = 1,
        });
        http.Timeout = timeout ?? TimeSpan.FromSeconds(1);
        http.MaxResponseContentBufferSize = 65_536;
        validFor = this.cache + http.Timeout; // the sidecar judges the clock as it may be by then
        sidecar = sidecar ?? Environment.GetEnvironmentVariable("CLOCK_SIDECAR");
        address = (sidecar ?? "http://127.0.0.1:2780")
            + $"/clock.txt?max_error={maxError.Ticks}00ns&valid_for={validFor.Ticks}00ns{query}";
    }

    /// <summary>Returns the range of true time.</summary>
    /// <exception cref="ClockNotGoodException">The clock is not good, or unknown.</exception>
    public virtual async Task<ClockRange> NowAsync()
    {
        Task<Answer> asked;
        lock (gate)
        {
            var kept = last?.AtPresent(cache);
            if (kept != null) return kept;
            asked = flight = flight ?? Task.Run(FlyAsync);
        }
        var answer = await asked.ConfigureAwait(false);
        return answer.AtPresent(validFor)
            ?? throw new ClockNotGoodException(answer.Codes, answer.Reasons);
    }

    private async Task<Answer> FlyAsync()
    {
        var answer = new Answer();
        try
        {
            using (var response = await http.GetAsync(address).ConfigureAwait(false))
            {
                var line = await response.Content.ReadAsByteArrayAsync().ConfigureAwait(false);
                answer.Read((int)response.StatusCode, Encoding.UTF8.GetString(line), maxError);
            }
        }
        catch (Exception error)
        {
            answer.Reasons = new[] { "the sidecar gives no answer: " + error.Message };
        }
        lock (gate)
        {
            last = answer;
            flight = null;
        }
        return answer;
    }

    /// <summary>Returns once true time is certainly past the timestamp.</summary>
    /// <exception cref="ClockNotGoodException">It is not, after the patience.</exception>
    public async Task WaitUntilPastAsync(
        DateTimeOffset timestamp, TimeSpan patience, CancellationToken cancellation = default)
    {
        var watch = Stopwatch.StartNew();
        var codes = new List<string> { "not_past" };
        for (TimeSpan rest; (rest = patience - watch.Elapsed) > TimeSpan.Zero;)
        {
            var left = TimeSpan.FromMilliseconds(50);
            try
            {
                left = timestamp - (await NowAsync().ConfigureAwait(false)).Earliest;
                if (left < TimeSpan.Zero) return;
            }
            catch (ClockNotGoodException error)
            {
                codes = codes.Take(1).Concat(error.Codes).ToList(); // it may become good again
            }
            var delayMs = Math.Min(left.TotalMilliseconds, rest.TotalMilliseconds) + 1;
            await Task.Delay((int)Math.Min(delayMs, 1000), cancellation).ConfigureAwait(false);
        }
        throw new ClockNotGoodException(codes, $"{timestamp:O} is not certainly past");
    }

    /// <summary>What came of a request. The range was true between its beginning and Got.</summary>
    private sealed class Answer
    {
        private readonly Stopwatch age = Stopwatch.StartNew();
        private TimeSpan got;
        private ClockRange range;

        public string[] Codes { get; private set; } = { "no_answer" };
        public string[] Reasons { get; set; }

        public void Read(int status, string line, TimeSpan maxError)
        {
            got = age.Elapsed;
            var first = line.Split('\n')[0];
            Reasons = new[] { $"the sidecar gives no answer: HTTP {status}: {first}" };
            var notGood = NotGood.Match(line);
            var good = Good.Match(line);
            if (notGood.Success)
            {
                Codes = notGood.Groups[1].Value.Split(',');
                Reasons = notGood.Groups[2].Value.Split('\t');
            }
            else if (good.Success && status == 200)
            {
                var earliest = Time(good.Groups[1].Value);
                var latest = Time(good.Groups[2].Value);
                var width = (latest - earliest).Ticks;
                var isRange = width >= 0 && width <= 2 * (maxError.Ticks + 10);
                range = isRange ? new ClockRange(earliest, latest) : null;
            }
        }

        private static DateTimeOffset Time(string microseconds) =>
            DateTimeOffset.UnixEpoch.AddTicks(long.Parse(microseconds) * 10);

        /// <summary>
        /// Moves the range to the present. Null without one, if it is too old, and if it does not
        /// contain this machine's clock: after a step or suspension, or if it is of another clock.
        /// </summary>
        public ClockRange AtPresent(TimeSpan longest)
        {
            var before = age.Elapsed;
            var wall = DateTimeOffset.UtcNow;
            var after = age.Elapsed;
            if (range == null || after > longest) return null;
            var earliest = range.Earliest + (before - got) - TimeSpan.FromTicks(1);
            var latest = range.Latest + after + TimeSpan.FromTicks(1);
            return earliest <= wall && wall <= latest ? new ClockRange(earliest, latest) : null;
        }
    }
}

/// <summary>A clock for your tests: good with this bound, not good while it has codes.</summary>
public sealed class FakeEcsClock : EcsClock
{
    private readonly TimeSpan bound;

    public IReadOnlyList<string> Codes { get; set; } = new string[0];

    public FakeEcsClock(TimeSpan bound) : base(bound)
    {
        this.bound = bound;
    }

    public override Task<ClockRange> NowAsync()
    {
        var now = DateTimeOffset.UtcNow;
        return Codes.Count == 0
            ? Task.FromResult(new ClockRange(now - bound, now + bound))
            : Task.FromException<ClockRange>(new ClockNotGoodException(Codes, "fake"));
    }
}
