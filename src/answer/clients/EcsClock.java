import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.time.Duration;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
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

        /** Codes are separated by commas, reasons by tabs. */
        public NotGood(String codes, String reasons) {
            super(reasons.replace("\t", "; "));
            this.codes = List.of(codes.split(","));
            this.reasons = List.of(reasons.split("\t"));
        }
    }

    /** A good answer: true time was in the range when System.nanoTime was asked. */
    private record Answer(Instant earliest, Instant latest, long asked) {
        /**
         * Moves the range to the present. Throws NotGood if it is too old, or does not contain this
         * machine's clock: after a step or a suspension, or if it is of another clock.
         */
        Now atPresent(Duration longest) {
            long before = System.nanoTime();
            var wall = Instant.now();
            long after = System.nanoTime();
            var now = new Now(earliest.plusNanos(before - asked), latest.plusNanos(after - asked));
            var isHere = !now.earliest.isAfter(wall) && !now.latest.isBefore(wall);
            if (isHere && after - asked <= longest.toNanos()) return now;
            throw new NotGood("no_answer", "the sidecar's answer is too old, or of another clock");
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
    private final HttpRequest request;
    private CompletableFuture<Answer> last = CompletableFuture.failedFuture(new Exception());

    public EcsClock(Duration maxError) {
        this(maxError, SIDECAR, "", Duration.ofMillis(100), Duration.ofSeconds(1));
    }

    /** {@code query} has more parameters of /clock, such as {@code "&max_age=30m&for=etcd"}. */
    public EcsClock(
        Duration maxError, String sidecar, String query, Duration cache, Duration timeout) {
        this.maxError = maxError;
        this.cache = cache;
        this.timeout = timeout;
        // The sidecar judges the clock as it may be when the answer is no longer used.
        var url = "%s/clock.txt?max_error=%dns&valid_for=%dns%s"
            .formatted(sidecar, maxError.toNanos(), cache.plus(timeout).toNanos(), query);
        this.request = HttpRequest.newBuilder(URI.create(url)).build();
    }

    /** The range of true time. Throws NotGood if the clock is not good, or unknown. */
    public Now now() {
        return nowAsync().join();
    }

    /** As {@link #now}. A thousand simultaneous callers make one request. */
    public synchronized CompletableFuture<Now> nowAsync() {
        if (last.isDone()) {
            var kept = last.thenApply(answer -> answer.atPresent(cache));
            if (!kept.isCompletedExceptionally()) return kept;
            last = ask();
        }
        return last.thenApply(answer -> answer.atPresent(cache.plus(timeout)));
    }

    private CompletableFuture<Answer> ask() {
        long asked = System.nanoTime();
        var exchange = HTTP.sendAsync(request, HttpResponse.BodyHandlers.ofString());
        var inTime = exchange.copy().orTimeout(timeout.toNanos(), TimeUnit.NANOSECONDS);
        return inTime.handle((response, error) -> {
            exchange.cancel(true); // what comes too late is not read as the next answer
            if (error != null) throw noAnswer(error.toString());
            return read(asked, response.statusCode(), response.body());
        });
    }

    private Answer read(long asked, int status, String line) {
        var notGood = NOT_GOOD.matcher(line);
        if (notGood.matches()) throw new NotGood(notGood.group(1), notGood.group(2));
        var good = GOOD.matcher(line);
        if (status != 200 || !good.matches()) throw noAnswer("HTTP " + status + ": " + line);
        var earliest = Instant.EPOCH.plus(Long.parseLong(good.group(1)), ChronoUnit.MICROS);
        var latest = Instant.EPOCH.plus(Long.parseLong(good.group(2)), ChronoUnit.MICROS);
        var excess = Duration.between(earliest, latest).minus(maxError.multipliedBy(2)).toNanos();
        if (latest.isBefore(earliest) || excess > 2_000) throw noAnswer("not within the limit");
        // It may be from the end of the request, so at the beginning true time was earlier.
        return new Answer(earliest.minusNanos(System.nanoTime() - asked), latest, asked);
    }

    private static NotGood noAnswer(String why) {
        var reason = "the sidecar gives no answer: %.200s".formatted(why.replaceAll("\\s", " "));
        return new NotGood("no_answer", reason);
    }

    /** Returns once true time is certainly past. Throws NotGood after the patience. */
    public void waitUntilPast(Instant timestamp, Duration patience) {
        waitUntilPastAsync(timestamp, patience).join();
    }

    /** Completes once true time is certainly past the timestamp. */
    public CompletableFuture<Void> waitUntilPastAsync(Instant timestamp, Duration patience) {
        return poll(new CompletableFuture<>(), timestamp, System.nanoTime() + patience.toNanos());
    }

    private CompletableFuture<Void> poll(CompletableFuture<Void> done, Instant past, long end) {
        nowAsync().whenComplete((now, error) -> {
            // A clock that is not good may become good again. Microseconds reach the year 9999.
            long left = now == null ? 50_000 : now.earliest.until(past, ChronoUnit.MICROS) + 1;
            long patience = (end - System.nanoTime()) / 1000;
            if (left <= 0) {
                done.complete(null);
            } else if (patience <= 0) {
                var also = error instanceof NotGood why ? "," + String.join(",", why.codes) : "";
                var reason = past + " is not certainly past";
                done.completeExceptionally(new NotGood("not_past" + also, reason));
            } else if (!done.isDone()) {
                CompletableFuture.delayedExecutor(Math.min(left, patience), TimeUnit.MICROSECONDS)
                    .execute(() -> poll(done, past, end));
            }
        });
        return done;
    }
}
