// The types of Microsoft.Extensions.Diagnostics.HealthChecks that EcsClockHealthCheck.cs uses, which are in no package here.
using System;
using System.Collections.Generic;
using System.Threading;
using System.Threading.Tasks;

namespace Microsoft.Extensions.Diagnostics.HealthChecks
{
    public enum HealthStatus { Unhealthy, Degraded, Healthy }

    public sealed class HealthCheckRegistration
    {
        public HealthStatus FailureStatus { get; set; }
    }

    public sealed class HealthCheckContext
    {
        public HealthCheckRegistration Registration { get; set; }
    }

    public interface IHealthCheck
    {
        Task<HealthCheckResult> CheckHealthAsync(HealthCheckContext context, CancellationToken cancellationToken = default(CancellationToken));
    }

    public struct HealthCheckResult
    {
        public HealthCheckResult(HealthStatus status, string description = null, Exception exception = null, IReadOnlyDictionary<string, object> data = null)
        {
            Status = status;
        }

        public HealthStatus Status { get; }

        public static HealthCheckResult Healthy(string description = null, IReadOnlyDictionary<string, object> data = null) =>
            new HealthCheckResult(HealthStatus.Healthy, description, null, data);
    }
}
