// Asks the ecs-clock-emf sidecar whether this task's clock is good, and for the range that contains true time.
//
// Copy this file. It needs .NET Core 3.1 or .NET 5 or later, and no packages. Keep one client for the whole process:
//
//     var clock = new EcsClock(TimeSpan.FromMilliseconds(5));
//     var timestamp = (await clock.NowAsync()).Latest;  // throws ClockNotGoodException: refuse the step
//     await WriteAsync(timestamp);
//     await clock.WaitUntilPastAsync(timestamp, TimeSpan.FromSeconds(10));  // before anybody sees the write
#nullable disable
using System;
using System.Collections.Generic;
using System.Diagnostics;
using System.Globalization;
using System.Linq;
using System.Net.Http;
using System.Text.Json;
using System.Threading;
using System.Threading.Tasks;

/// <summary>Refuse the step. The codes are the sidecar's, or no_answer (nothing usable), or not_past.</summary>
public sealed class ClockNotGoodException : Exception
{
    public IReadOnlyList<string> Codes { get; }
    public IReadOnlyList<string> Reasons { get; }

    public ClockNotGoodException(IReadOnlyList<string> codes, IReadOnlyList<string> reasons, Exception cause = null)
        : base(string.Join("; ", reasons), cause)
    {
        Codes = codes;
        Reasons = reasons;
    }

    internal static ClockNotGoodException NoAnswer(string why, Exception cause = null) =>
        new ClockNotGoodException(new[] { "no_answer" }, new[] { "the sidecar gives no answer: " + why }, cause);
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
    private static readonly TimeSpan SmallestStep = TimeSpan.FromMilliseconds(5);

    private readonly TimeSpan maxError;
    private readonly TimeSpan cache;
    private readonly Uri uri;
    private readonly HttpClient http;
    private readonly object gate = new object();
    private Answer last;
    private Task<Answer> flight;

    /// <param name="query">More parameters of /clock, such as "&amp;max_age=30m".</param>
    public EcsClock(TimeSpan maxError, string sidecar = null, string query = "", TimeSpan? cache = null, TimeSpan? timeout = null)
    {
        this.maxError = maxError;
        this.cache = cache ?? TimeSpan.FromMilliseconds(100);
        sidecar = sidecar ?? Environment.GetEnvironmentVariable("CLOCK_SIDECAR") ?? "http://127.0.0.1:2780";
        uri = new Uri(sidecar + "/clock?max_error=" + maxError.Ticks.ToString(CultureInfo.InvariantCulture) + "00ns" + query);
        // It asks again if the sidecar has closed an idle connection.
        var handler = new SocketsHttpHandler { UseProxy = false, AllowAutoRedirect = false, UseCookies = false, MaxConnectionsPerServer = 1 };
        http = new HttpClient(handler) { Timeout = timeout ?? TimeSpan.FromSeconds(1), MaxResponseContentBufferSize = 65_536 };
    }

    /// <summary>Returns the range that contains true time, unless the clock is not good or nothing is known.</summary>
    /// <exception cref="ClockNotGoodException" />
    public virtual async Task<ClockRange> NowAsync()
    {
        Task<Answer> asked;
        lock (gate)
        {
            if (last != null && IsFresh(last)) return At(last);
            asked = flight = flight ?? Task.Run(FlyAsync);
        }
        return At(await asked.ConfigureAwait(false));
    }

    /// <summary>Returns once true time is certainly past the timestamp.</summary>
    /// <exception cref="ClockNotGoodException" />
    public async Task WaitUntilPastAsync(DateTimeOffset timestamp, TimeSpan patience, CancellationToken cancellation = default(CancellationToken))
    {
        var end = Monotonic() + patience;
        IEnumerable<string> codes = new string[0];
        for (TimeSpan rest; (rest = end - Monotonic()) > TimeSpan.Zero;)
        {
            var left = TimeSpan.FromMilliseconds(50);
            try
            {
                left = timestamp - (await NowAsync().ConfigureAwait(false)).Earliest;
                if (left < TimeSpan.Zero) return;
            }
            catch (ClockNotGoodException notGood)
            {
                codes = notGood.Codes; // it may become good again
            }
            left = left < rest ? left : rest;
            await Task.Delay((int)Math.Min(left.TotalMilliseconds + 1, 1000), cancellation).ConfigureAwait(false);
        }
        throw new ClockNotGoodException(new[] { "not_past" }.Concat(codes).ToList(), new[] { timestamp.ToString("O") + " is not certainly past" });
    }

    /// <summary>A good answer. Its range was true at some moment between Asked and Got.</summary>
    private sealed class Answer
    {
        public DateTimeOffset Earliest, Latest, Wall;
        public TimeSpan Asked, Got;
        public double Drift;
    }

    private static TimeSpan Monotonic() => TimeSpan.FromTicks((long)(Stopwatch.GetTimestamp() * (TimeSpan.TicksPerSecond / (double)Stopwatch.Frequency)));

    private async Task<Answer> FlyAsync()
    {
        Answer answer = null;
        try
        {
            return answer = await AskAsync().ConfigureAwait(false);
        }
        finally
        {
            lock (gate)
            {
                last = answer;
                flight = null;
            }
        }
    }

    private async Task<Answer> AskAsync()
    {
        var answer = new Answer { Asked = Monotonic(), Wall = DateTimeOffset.UtcNow };
        try
        {
            using (var response = await http.GetAsync(uri).ConfigureAwait(false))
            using (var document = JsonDocument.Parse(await response.Content.ReadAsStringAsync().ConfigureAwait(false)))
            {
                answer.Got = Monotonic();
                var members = document.RootElement;
                JsonElement member;
                if (members.TryGetProperty("codes", out member) && member.GetArrayLength() > 0)
                    throw new ClockNotGoodException(Strings(member), Strings(members.GetProperty("reasons")));
                if ((int)response.StatusCode != 200 || members.GetProperty("verdict").GetString() != "good")
                    throw ClockNotGoodException.NoAnswer("HTTP " + (int)response.StatusCode + ": " + (members.TryGetProperty("error", out member) ? member.GetString() : ""));
                answer.Earliest = Time(members.GetProperty("earliest"));
                answer.Latest = Time(members.GetProperty("latest"));
                // Nothing is known to correct a clock whose source is an NTP server.
                answer.Drift = members.TryGetProperty("source", out member) && member.GetString() == "ntp" ? 100e-6 : 15e-6;
                if (members.TryGetProperty("max_drift_ppm", out member)) answer.Drift = member.GetDouble() / 1e6;
                if (answer.Earliest > answer.Latest || !(answer.Drift >= 0 && answer.Drift < 1)) throw new FormatException("impossible range or drift");
                return answer;
            }
        }
        catch (Exception error) when (!(error is ClockNotGoodException))
        {
            throw ClockNotGoodException.NoAnswer(error.Message, error);
        }
    }

    private static List<string> Strings(JsonElement array) => array.EnumerateArray().Select(item => item.GetString()).ToList();

    private static DateTimeOffset Time(JsonElement text) =>
        DateTimeOffset.ParseExact(text.GetString(), "yyyy-MM-dd'T'HH:mm:ss.FFFFFF'Z'", CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal);

    private static TimeSpan Growth(Answer answer, TimeSpan now) => TimeSpan.FromTicks((long)Math.Ceiling((now - answer.Asked).Ticks * answer.Drift));

    private bool IsGood(Answer answer, TimeSpan now) => (answer.Latest - answer.Earliest).Ticks / 2.0 + Growth(answer, now).Ticks <= maxError.Ticks;

    private bool IsFresh(Answer answer)
    {
        var now = Monotonic();
        var age = now - answer.Asked;
        return age < cache && (DateTimeOffset.UtcNow - answer.Wall - age).Duration() < SmallestStep && IsGood(answer, now);
    }

    private ClockRange At(Answer answer)
    {
        var now = Monotonic();
        if (!IsGood(answer, now))
            throw new ClockNotGoodException(new[] { "bound_over_limit" }, new[] { "the error bound has grown over the limit since the answer" });
        var growth = Growth(answer, now);
        return new ClockRange(answer.Earliest + (now - answer.Got) - growth, answer.Latest + (now - answer.Asked) + growth);
    }
}

/// <summary>A clock for your tests: good with this error bound, not good while it has codes.</summary>
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
        if (Codes.Count > 0) return Task.FromException<ClockRange>(new ClockNotGoodException(Codes, Codes));
        var now = DateTimeOffset.UtcNow;
        return Task.FromResult(new ClockRange(now - bound, now + bound));
    }
}
