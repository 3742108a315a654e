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
using System.Net.Http;
using System.Text;
using System.Text.RegularExpressions;
using System.Threading;
using System.Threading.Tasks;

/// <summary>Refuse the step. The codes are the sidecar's, or no_answer, or not_past.</summary>
public sealed class ClockNotGoodException : Exception
{
    /// <param name="codes">Separated by commas.</param>
    /// <param name="reasons">Separated by tabs.</param>
    public ClockNotGoodException(string codes, string reasons)
        : base(reasons.Replace("\t", "; ")) =>
        (Codes, Reasons) = (codes.Split(','), reasons.Split('\t'));

    public IReadOnlyList<string> Codes { get; }

    public IReadOnlyList<string> Reasons { get; }
}

/// <summary>True time was in this range when it was returned.</summary>
public sealed class ClockRange
{
    public ClockRange(DateTimeOffset earliest, DateTimeOffset latest) =>
        (Earliest, Latest) = (earliest, latest);

    public DateTimeOffset Earliest { get; }

    public DateTimeOffset Latest { get; }
}

/// <summary>A client. A thousand simultaneous callers make one request.</summary>
public class EcsClock
{
    private static readonly Regex Good = new Regex(@"\Agood ([0-9]{16}) ([0-9]{16})\n\z");
    private static readonly Regex NotGood = new Regex(@"\Anot_good ([a-z0-9_,]+)\t(.+)\n\z");

    private readonly TimeSpan maxError;
    private readonly TimeSpan cache;
    private readonly string address;
    private readonly HttpClient http;
    // The last request. A good answer has a range that was true when the stopwatch began.
    private Task<(ClockRange Range, Stopwatch Age)> last;

    /// <param name="query">More parameters of /clock, such as "&amp;max_age=30m".</param>
    public EcsClock(TimeSpan maxError, string sidecar = null, string query = "",
        TimeSpan? cache = null, TimeSpan? timeout = null)
    {
        // It asks again if the sidecar has closed an idle connection.
        var handler = new SocketsHttpHandler { UseProxy = false, AllowAutoRedirect = false };
        http = new HttpClient(handler) { MaxResponseContentBufferSize = 65_536 };
        http.Timeout = timeout ?? TimeSpan.FromSeconds(1);
        this.maxError = maxError;
        this.cache = cache ?? TimeSpan.FromMilliseconds(100);
        // The sidecar judges the clock as it may be when the answer is no longer used.
        var validFor = this.cache + http.Timeout;
        sidecar = sidecar ?? Environment.GetEnvironmentVariable("CLOCK_SIDECAR");
        address = (sidecar ?? "http://127.0.0.1:2780")
            + $"/clock.txt?max_error={maxError.Ticks}00ns&valid_for={validFor.Ticks}00ns{query}";
    }

    /// <summary>Returns the range of true time.</summary>
    /// <exception cref="ClockNotGoodException">The clock is not good, or unknown.</exception>
    public virtual async Task<ClockRange> NowAsync()
    {
        Task<(ClockRange Range, Stopwatch Age)> asked;
        lock (http)
        {
            var isGood = last?.Status == TaskStatus.RanToCompletion;
            var isKept = isGood && AtPresent(last.Result, cache) != null;
            if (last == null || (last.IsCompleted && !isKept)) last = Task.Run(AskAsync);
            asked = last;
        }
        var answer = await asked.ConfigureAwait(false);
        return AtPresent(answer, cache + http.Timeout) ?? throw NoAnswer("the clock was stepped");
    }

    /// <summary>
    /// Moves the range to the present. Null if it is too old, and if it does not contain this
    /// machine's clock: after a step or a suspension, or if it is of another clock.
    /// </summary>
    private static ClockRange AtPresent((ClockRange Range, Stopwatch Age) answer, TimeSpan longest)
    {
        var before = answer.Age.Elapsed;
        var wall = DateTimeOffset.UtcNow;
        var after = answer.Age.Elapsed;
        var now = new ClockRange(answer.Range.Earliest + before, answer.Range.Latest + after);
        return after <= longest && now.Earliest <= wall && wall <= now.Latest ? now : null;
    }

    private async Task<(ClockRange Range, Stopwatch Age)> AskAsync()
    {
        var age = Stopwatch.StartNew();
        try
        {
            // The whole content is in memory, so there is nothing to dispose.
            var response = await http.GetAsync(address).ConfigureAwait(false);
            var content = await response.Content.ReadAsByteArrayAsync().ConfigureAwait(false);
            var line = Encoding.UTF8.GetString(content);
            return (Read((int)response.StatusCode, line, age.Elapsed), age);
        }
        catch (Exception error) when (!(error is ClockNotGoodException))
        {
            throw NoAnswer(error.Message);
        }
    }

    private ClockRange Read(int status, string line, TimeSpan taken)
    {
        var notGood = NotGood.Match(line).Groups;
        if (notGood[0].Success) throw new ClockNotGoodException(notGood[1].Value, notGood[2].Value);
        var good = Good.Match(line).Groups;
        if (status != 200 || !good[0].Success) throw NoAnswer($"HTTP {status}: {line}");
        var earliest = DateTimeOffset.UnixEpoch.AddTicks(long.Parse(good[1].Value) * 10);
        var latest = DateTimeOffset.UnixEpoch.AddTicks(long.Parse(good[2].Value) * 10);
        var limit = earliest.AddTicks(2 * (maxError.Ticks + 10));
        if (latest < earliest || latest > limit) throw NoAnswer($"a range over the limit: {line}");
        // It may be from the end of the request, so at the beginning true time was earlier. The
        // stopwatch and the clock are read in ticks.
        return new ClockRange(earliest.AddTicks(-2) - taken, latest.AddTicks(1));
    }

    private static ClockNotGoodException NoAnswer(string why) => new ClockNotGoodException(
        "no_answer", "the sidecar gives no answer: " + why.Split('\n')[0]);

    /// <summary>Returns once true time is certainly past the timestamp.</summary>
    /// <exception cref="ClockNotGoodException">It is not, after the patience.</exception>
    public async Task WaitUntilPastAsync(DateTimeOffset timestamp, TimeSpan patience,
        CancellationToken cancellation = default)
    {
        var watch = Stopwatch.StartNew();
        var codes = "not_past";
        while (watch.Elapsed < patience)
        {
            var left = TimeSpan.FromMilliseconds(50);
            try
            {
                left = timestamp - (await NowAsync().ConfigureAwait(false)).Earliest;
                if (left < TimeSpan.Zero) return;
            }
            catch (ClockNotGoodException error) // it may become good again
            {
                codes = "not_past," + string.Join(",", error.Codes);
            }
            var pauseMs = (int)Math.Min(left.TotalMilliseconds + 1, 50);
            await Task.Delay(pauseMs, cancellation).ConfigureAwait(false);
        }
        throw new ClockNotGoodException(codes, $"{timestamp:O} is not certainly past");
    }
}
