// Asks the ecs-clock-emf sidecar whether this task's clock is good, and for the range that contains true time.
//
// Copy this file. It needs .NET Core 3.1, on which the tests run it, or a later .NET, and no packages. Keep one client
// for the whole process:
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
    private const string TimeFormat = "yyyy-MM-dd'T'HH:mm:ss.FFFFFF'Z'";
    private static readonly TimeSpan SmallestStep = TimeSpan.FromMilliseconds(5);
    private static readonly double TicksOfStopwatch = TimeSpan.TicksPerSecond / (double)Stopwatch.Frequency;

    private readonly TimeSpan maxError;
    private readonly TimeSpan cache;
    private readonly string address;
    private readonly HttpClient http;
    private readonly object gate = new object();
    private Answer last;
    private Task<Answer> flight;

    /// <param name="query">More parameters of /clock, such as "&amp;max_age=30m&amp;for=cockroachdb".</param>
    public EcsClock(
        TimeSpan maxError, string sidecar = null, string query = "", TimeSpan? cache = null, TimeSpan? timeout = null)
    {
        this.maxError = maxError;
        this.cache = cache ?? TimeSpan.FromMilliseconds(100);
        address = (sidecar ?? Environment.GetEnvironmentVariable("CLOCK_SIDECAR") ?? "http://127.0.0.1:2780")
            + "/clock?max_error=" + maxError.Ticks.ToString(CultureInfo.InvariantCulture) + "00ns" + query;
        // It asks again if the sidecar has closed an idle connection.
        http = new HttpClient(new SocketsHttpHandler
        {
            UseProxy = false, AllowAutoRedirect = false, UseCookies = false, MaxConnectionsPerServer = 1,
        });
        http.Timeout = timeout ?? TimeSpan.FromSeconds(1);
        http.MaxResponseContentBufferSize = 65_536;
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
    public async Task WaitUntilPastAsync(
        DateTimeOffset timestamp, TimeSpan patience, CancellationToken cancellation = default(CancellationToken))
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
            var delay = (int)Math.Min(left.TotalMilliseconds + 1, 1000);
            await Task.Delay(delay, cancellation).ConfigureAwait(false);
        }
        throw new ClockNotGoodException(
            new[] { "not_past" }.Concat(codes).ToList(), new[] { timestamp.ToString("O") + " is not certainly past" });
    }

    /// <summary>A good answer. Its range was true at some moment between Asked and Got.</summary>
    private sealed class Answer
    {
        public DateTimeOffset Earliest, Latest, Wall;
        public TimeSpan Asked, Got;
        public double LimitTicks, Drift;
    }

    private static TimeSpan Monotonic() => TimeSpan.FromTicks((long)(Stopwatch.GetTimestamp() * TicksOfStopwatch));

    /// <summary>Reads both clocks at the same moment.</summary>
    private static void ReadClocks(out TimeSpan monotonic, out DateTimeOffset wall)
    {
        do
        {
            monotonic = Monotonic();
            wall = DateTimeOffset.UtcNow;
        }
        while (Monotonic() - monotonic > TimeSpan.FromMilliseconds(1)); // then something else ran in between
    }

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
        var answer = new Answer { LimitTicks = maxError.Ticks };
        ReadClocks(out answer.Asked, out answer.Wall);
        try
        {
            using (var response = await http.GetAsync(address).ConfigureAwait(false))
            {
                var body = await response.Content.ReadAsStringAsync().ConfigureAwait(false);
                answer.Got = Monotonic();
                using (var document = JsonDocument.Parse(body))
                    Read((int)response.StatusCode, document.RootElement, answer);
            }
            return answer;
        }
        catch (Exception error) when (!(error is ClockNotGoodException))
        {
            throw ClockNotGoodException.NoAnswer(error.Message, error);
        }
    }

    private static void Read(int status, JsonElement members, Answer answer)
    {
        JsonElement member;
        if (members.TryGetProperty("codes", out member) && member.GetArrayLength() > 0)
            throw new ClockNotGoodException(Strings(member), Strings(members.GetProperty("reasons")));
        if (members.TryGetProperty("error", out member)) throw ClockNotGoodException.NoAnswer(member.GetString());
        if (status != 200 || members.GetProperty("verdict").GetString() != "good")
            throw ClockNotGoodException.NoAnswer("HTTP " + status);
        answer.Earliest = Time(members.GetProperty("earliest"));
        answer.Latest = Time(members.GetProperty("latest"));
        // With the parameter "for", the sidecar may have applied a smaller limit.
        if (members.TryGetProperty("limits", out member) && member.ValueKind == JsonValueKind.Object
            && member.TryGetProperty("max_error_ms", out member) && member.ValueKind == JsonValueKind.Number)
            answer.LimitTicks = Math.Min(answer.LimitTicks, member.GetDouble() * TimeSpan.TicksPerMillisecond);
        // Nothing is known to correct a clock whose source is an NTP server.
        answer.Drift = members.TryGetProperty("source", out member) && member.GetString() == "ntp" ? 100e-6 : 15e-6;
        if (members.TryGetProperty("max_drift_ppm", out member) && member.ValueKind == JsonValueKind.Number)
            answer.Drift = member.GetDouble() / 1e6;
        if (answer.Earliest > answer.Latest || !(answer.Drift >= 0 && answer.Drift < 1))
            throw new FormatException("impossible range or drift");
    }

    private static List<string> Strings(JsonElement array) =>
        array.EnumerateArray().Select(item => item.GetString()).ToList();

    private static DateTimeOffset Time(JsonElement text) => DateTimeOffset.ParseExact(
        text.GetString(), TimeFormat, CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal);

    private static TimeSpan Growth(Answer answer, TimeSpan now) =>
        TimeSpan.FromTicks((long)Math.Ceiling((now - answer.Asked).Ticks * answer.Drift));

    private static bool IsGood(Answer answer, TimeSpan now) =>
        (answer.Latest - answer.Earliest).Ticks / 2.0 + Growth(answer, now).Ticks <= answer.LimitTicks;

    private bool IsFresh(Answer answer)
    {
        ReadClocks(out var now, out var wall);
        var age = now - answer.Asked;
        var step = (wall - answer.Wall - age).Duration();
        return age < cache && step < SmallestStep && IsGood(answer, now);
    }

    private ClockRange At(Answer answer)
    {
        var now = Monotonic();
        if (!IsGood(answer, now))
            throw new ClockNotGoodException(
                new[] { "bound_over_limit" }, new[] { "the error bound has grown over the limit since the answer" });
        var growth = Growth(answer, now);
        var earliest = answer.Earliest + (now - answer.Got) - growth;
        return new ClockRange(earliest, answer.Latest + (now - answer.Asked) + growth);
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
