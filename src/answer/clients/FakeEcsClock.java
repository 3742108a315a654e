import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.concurrent.CompletableFuture;

/**
 * A clock for your tests: good with this error bound, not good while it has codes. Copy it with
 * EcsClock.java, to where your tests are: a program must not run with it.
 *
 * <pre>{@code
 * var clock = new FakeEcsClock(Duration.ofMillis(1));
 * clock.codes = List.of("not_synchronized"); // from now on the clock is not good
 * }</pre>
 */
public final class FakeEcsClock extends EcsClock {
    public volatile List<String> codes = List.of();
    private final Duration bound;

    public FakeEcsClock(Duration bound) {
        super(bound);
        this.bound = bound;
    }

    @Override
    public CompletableFuture<Now> nowAsync() {
        var now = Instant.now();
        return codes.isEmpty()
            ? CompletableFuture.completedFuture(new Now(now.minus(bound), now.plus(bound)))
            : CompletableFuture.failedFuture(new NotGood(String.join(",", codes), "fake"));
    }
}
