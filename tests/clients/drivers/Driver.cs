// Drives EcsClock.cs by the protocol of languages.py, and EcsClockHealthCheck.cs against the types of Stubs.cs.
using System;
using System.Globalization;
using System.Linq;
using System.Threading.Tasks;
using Microsoft.Extensions.Diagnostics.HealthChecks;

static class Driver
{
    static long Nanoseconds(DateTimeOffset time) => (time - DateTimeOffset.FromUnixTimeSeconds(0)).Ticks * 100;

    static long Wall() => Nanoseconds(DateTimeOffset.UtcNow);

    static string Refused(ClockNotGoodException error) => "refused " + string.Join(",", error.Codes) + " " + error.Message.Replace('\n', ' ');

    static async Task<string> Now(EcsClock clock)
    {
        var before = Wall();
        try
        {
            var now = await clock.NowAsync();
            return $"good {Nanoseconds(now.Earliest)} {Nanoseconds(now.Latest)} {before} {Wall() + 99}";
        }
        catch (ClockNotGoodException error)
        {
            return Refused(error);
        }
    }

    static async Task<string> Many(EcsClock clock, int count)
    {
        var replies = await Task.WhenAll(Enumerable.Range(0, count).Select(_ => Task.Run(() => Now(clock))));
        var good = replies.Count(reply => reply.StartsWith("good ", StringComparison.Ordinal));
        return $"many {good} {count - good}";
    }

    static async Task<string> Past(EcsClock clock, TimeSpan later, TimeSpan patience)
    {
        try
        {
            var timestamp = (await clock.NowAsync()).Latest + later;
            await clock.WaitUntilPastAsync(timestamp, patience);
            return $"past {Nanoseconds(timestamp)} {Wall() + 99} -";
        }
        catch (ClockNotGoodException error)
        {
            return Refused(error);
        }
    }

    static async Task<string> Fake()
    {
        var clock = new FakeEcsClock(TimeSpan.FromTicks(5_000));
        var check = new EcsClockHealthCheck(clock);
        var context = new HealthCheckContext { Registration = new HealthCheckRegistration { FailureStatus = HealthStatus.Degraded } };
        var first = (await Now(clock)).Split(' ')[0];
        await clock.WaitUntilPastAsync((await clock.NowAsync()).Latest, TimeSpan.FromMinutes(1));
        var healthy = await check.CheckHealthAsync(context);
        clock.Codes = new[] { "not_synchronized" };
        var failed = await check.CheckHealthAsync(context);
        if (healthy.Status != HealthStatus.Healthy || failed.Status != HealthStatus.Degraded) return "the health check is wrong";
        return $"fake {first} {(await Now(clock)).Split(' ')[1]}";
    }

    static TimeSpan Milliseconds(string text) => TimeSpan.FromTicks((long)Math.Round(double.Parse(text, CultureInfo.InvariantCulture) * 1e4));

    static async Task<string> Reply(string[] words)
    {
        switch (words[0])
        {
            case "open":
                clock = new EcsClock(Milliseconds(words[2]), words[1], "", Milliseconds(words[3]), Milliseconds(words[4]));
                return "opened";
            case "now": return await Now(clock);
            case "many": return await Many(clock, int.Parse(words[1]));
            case "past": return await Past(clock, Milliseconds(words[1]), Milliseconds(words[2]));
            default: return await Fake();
        }
    }

    static EcsClock clock;

    static void Main()
    {
        for (string line; (line = Console.ReadLine()) != null;) Console.WriteLine(Reply(line.Split(' ')).Result);
    }
}
