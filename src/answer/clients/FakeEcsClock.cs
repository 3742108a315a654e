// A clock for your tests: good with this bound, not good while it has codes. Copy it with
// EcsClock.cs, to where your tests are: a program must not run with it.
//
//     var clock = new FakeEcsClock(TimeSpan.FromMilliseconds(1));
//     clock.Codes = new[] { "not_synchronized" };  // from now on the clock is not good
#nullable disable
using System;
using System.Collections.Generic;
using System.Threading.Tasks;

public sealed class FakeEcsClock : EcsClock
{
    private readonly TimeSpan bound;

    public FakeEcsClock(TimeSpan bound) : base(bound) => this.bound = bound;

    public IReadOnlyList<string> Codes { get; set; } = Array.Empty<string>();

    public override Task<ClockRange> NowAsync()
    {
        var now = DateTimeOffset.UtcNow;
        return Codes.Count == 0
            ? Task.FromResult(new ClockRange(now - bound, now + bound))
            : Task.FromException<ClockRange>(
                new ClockNotGoodException(string.Join(",", Codes), "fake"));
    }
}
