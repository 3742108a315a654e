import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.net.http.HttpResponse.BodyHandlers;
import java.time.Duration;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.TimeUnit;
import java.util.regex.Pattern;

/**
 * Asks the ecs-clock-emf sidecar whether this task's clock is good, and for the range of true time.
 * Copy this file. It needs Java 17 or later and nothing else. Keep one client for the process:
 *
 * <pre>{@code
 * var clock = new EcsClock(Duration.ofMillis(5));
 * Instant timestamp = clock.now().latest();               // throws NotGood: refuse the step
 * write(timestamp);
 * clock.waitUntilPast(timestamp, Duration.ofSeconds(10)); // before anybody sees the write
 * }</pre>
 *
 * Event loops call the methods that end in Async, which fail with NotGood.
 */
public class EcsClock {
    /** True time was in this range when it was returned. */
    public record Now(Instant earliest, Instant latest) {}

    /** Refuse the step. The codes are the sidecar's, or no_answer (nothing usable), or not_past. */
    public static final class NotGood extends CompletionException {
        public final List<String> codes;
        public final List<String> reasons;

        public NotGood(List<String> codes, List<String> reasons) {
            super(String.join("; ", reasons));
            this.codes = codes;
            this.reasons = reasons;
        }
    }

    /** What came of a request. The range of a good answer was true between asked and got. */
    private record Answer(
        Now range, long asked, long got, List<String> codes, List<String> reasons) {
        /**
         * Moves the range to the present. Null without one, if it is too old, and if it does not
         * contain this machine's clock: after a step or a suspension, or if it is of another clock.
         */
        Now atPresent(Duration longest) {
            long before = System.nanoTime();
            var wall = Instant.now();
            long after = System.nanoTime();
            if (range == null || after - asked > longest.toNanos()) return null;
            var earliest = range.earliest.plusNanos(before - got);
            var latest = range.latest.plusNanos(after - asked);
            var isHere = !earliest.isAfter(wall) && !latest.isBefore(wall);
            return isHere ? new Now(earliest, latest) : null;
        }
    }

    private static final String SIDECAR =
        System.getenv().getOrDefault("CLOCK_SIDECAR", "http://127.0.0.1:2780");
    private static final Pattern GOOD = Pattern.compile("good ([0-9]{16}) ([0-9]{16})\n");
    private static final Pattern NOT_GOOD = Pattern.compile("not_good ([a-z0-9_,]+)\t(.+)\n");
    // It follows no redirects, and asks again if the sidecar has closed an idle connection.
    private static final HttpClient HTTP = HttpClient.newBuilder()
        .version(HttpClient.Version.HTTP_1_1)
        .proxy(HttpClient.Builder.NO_PROXY)
        .build();

    private final Duration maxError;
    private final Duration cache;
    private final Duration timeout;
    private final Duration validFor;
    private final HttpRequest request;
    private volatile Answer last = refused(0, "no_answer", "not asked");
    private CompletableFuture<Answer> flight = CompletableFuture.completedFuture(last);

    public EcsClock(Duration maxError) {
        this(maxError, SIDECAR, "", Duration.ofMillis(100), Duration.ofSeconds(1));
    }

    /** {@code query} has more parameters of /clock, such as {@code "&max_age=30m&for=etcd"}. */
    public EcsClock(
        Duration maxError, String sidecar, String query, Duration cache, Duration timeout) {
        this.maxError = maxError;
        this.cache = cache;
        this.timeout = timeout;
        this.validFor = cache.plus(timeout); // the sidecar judges the clock as it may be by then
        var target = "%s/clock.txt?max_error=%dns&valid_for=%dns%s";
        var url = target.formatted(sidecar, maxError.toNanos(), validFor.toNanos(), query);
        this.request = HttpRequest.newBuilder(URI.create(url)).build();
    }

    /** The range of true time. Throws NotGood if the clock is not good, or unknown. */
    public Now now() {
        return nowAsync().join();
    }

    /** As {@link #now}. A thousand simultaneous callers make one request. */
    public synchronized CompletableFuture<Now> nowAsync() {
        var kept = last.atPresent(cache);
        if (kept != null) return CompletableFuture.completedFuture(kept);
        if (flight.isDone()) flight = ask().whenComplete((answer, error) -> last = answer);
        return flight.thenApply(answer -> {
            var now = answer.atPresent(validFor);
            if (now == null) throw new NotGood(answer.codes, answer.reasons);
            return now;
        });
    }

    private CompletableFuture<Answer> ask() {
        long asked = System.nanoTime();
        var exchange = HTTP.sendAsync(request, BodyHandlers.ofString());
        var inTime = exchange.copy().orTimeout(timeout.toNanos(), TimeUnit.NANOSECONDS);
        return inTime.handle((response, error) -> {
            exchange.cancel(true); // what comes too late is not read as the next answer
            return error == null ? read(asked, response) : refused(asked, "no_answer", "" + error);
        });
    }

    private Answer read(long asked, HttpResponse<String> response) {
        var line = response.body();
        var notGood = NOT_GOOD.matcher(line);
        if (notGood.matches()) return refused(asked, notGood.group(1), notGood.group(2));
        var other = refused(asked, "no_answer", response + " " + line.lines().findFirst());
        var good = GOOD.matcher(line);
        if (response.statusCode() != 200 || !good.matches()) return other;
        var earliest = Instant.EPOCH.plus(Long.parseLong(good.group(1)), ChronoUnit.MICROS);
        var latest = Instant.EPOCH.plus(Long.parseLong(good.group(2)), ChronoUnit.MICROS);
        var excess = Duration.between(earliest, latest).minus(maxError.multipliedBy(2)).toNanos();
        if (latest.isBefore(earliest) || excess > 2_000) return other;
        var range = new Now(earliest, latest);
        return new Answer(range, asked, System.nanoTime(), other.codes, other.reasons);
    }

    private static Answer refused(long asked, String codes, String reasons) {
        return new Answer(null, asked, 0, List.of(codes.split(",")), List.of(reasons.split("\t")));
    }

    /** Returns once true time is certainly past. Throws NotGood after the patience. */
    public void waitUntilPast(Instant timestamp, Duration patience) {
        waitUntilPastAsync(timestamp, patience).join();
    }

    /** Completes once true time is certainly past the timestamp. */
    public CompletableFuture<Void> waitUntilPastAsync(Instant timestamp, Duration patience) {
        var done = new CompletableFuture<Void>();
        poll(done, timestamp, System.nanoTime() + patience.toNanos());
        return done;
    }

    private void poll(CompletableFuture<Void> done, Instant timestamp, long end) {
        nowAsync().whenComplete((now, error) -> {
            // A clock that is not good may become good again.
            long left = 50_000_000;
            if (now != null) left = now.earliest.until(timestamp, ChronoUnit.NANOS) + 1;
            long patience = end - System.nanoTime();
            if (left <= 0) {
                done.complete(null);
            } else if (patience <= 0) {
                var codes = new ArrayList<>(List.of("not_past"));
                if (error instanceof NotGood notGood) codes.addAll(notGood.codes);
                var reason = timestamp + " is not certainly past";
                done.completeExceptionally(new NotGood(codes, List.of(reason)));
            } else if (!done.isDone()) {
                CompletableFuture.delayedExecutor(Math.min(left, patience), TimeUnit.NANOSECONDS)
                    .execute(() -> poll(done, timestamp, end));
            }
        });
    }

    /** A clock for your tests: good with this error bound, not good while it has codes. */
    public static final class Fake extends EcsClock {
        public volatile List<String> codes = List.of();
        private final Duration bound;

        public Fake(Duration bound) {
            super(bound);
            this.bound = bound;
        }

        @Override
        public CompletableFuture<Now> nowAsync() {
            var now = Instant.now();
            return codes.isEmpty()
                ? CompletableFuture.completedFuture(new Now(now.minus(bound), now.plus(bound)))
                : CompletableFuture.failedFuture(new NotGood(codes, codes));
        }
    }
}
