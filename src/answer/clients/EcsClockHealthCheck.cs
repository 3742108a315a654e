// A health check of ASP.NET that is healthy while the clock is good. Copy it with EcsClock.cs. It
// was compiled with Mono's mcs and tested with stubs of ASP.NET's types, not with ASP.NET itself.
//
//     builder.Services.AddSingleton(new EcsClock(TimeSpan.FromMilliseconds(5)));
//     builder.Services.AddHealthChecks()
//         .AddCheck<EcsClockHealthCheck>("clock", tags: new[] { "ready" });
//
// Use it for readiness, not for liveness: a new task on the same machines has no better clock.
using System.Collections.Generic;
using System.Threading;
using System.Threading.Tasks;
using Microsoft.Extensions.Diagnostics.HealthChecks;

public sealed class EcsClockHealthCheck : IHealthCheck
{
    private readonly EcsClock clock;

    public EcsClockHealthCheck(EcsClock clock)
    {
        this.clock = clock;
    }

    public async Task<HealthCheckResult> CheckHealthAsync(
        HealthCheckContext context, CancellationToken cancellationToken = default)
    {
        try
        {
            var now = await clock.NowAsync().ConfigureAwait(false);
            var data = new Dictionary<string, object>
            {
                { "earliest", now.Earliest }, { "latest", now.Latest },
            };
            return HealthCheckResult.Healthy("the clock is good", data);
        }
        catch (ClockNotGoodException notGood)
        {
            var data = new Dictionary<string, object> { { "codes", notGood.Codes } };
            var status = context.Registration.FailureStatus;
            return new HealthCheckResult(status, notGood.Message, notGood, data);
        }
    }
}
