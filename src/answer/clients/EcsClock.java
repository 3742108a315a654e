import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.net.http.HttpResponse.BodyHandlers;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;

/**
 * Asks the ecs-clock-emf sidecar whether this task's clock is good, and for the range that contains true time.
 *
 * <p>Copy this file. It needs Java 17 or later and nothing else. Keep one client for the whole process:
 *
 * <pre>{@code
 * var clock = new EcsClock(Duration.ofMillis(5));
 * Instant timestamp = clock.now().latest();               // NotGood, also if nobody responds: refuse the step
 * write(timestamp);
 * clock.waitUntilPast(timestamp, Duration.ofSeconds(10)); // before anybody sees the write
 * }</pre>
 *
 * Event loops call {@code nowAsync} and {@code waitUntilPastAsync}, which never block. The cause of their failure is
 * NotGood.
 */
public class EcsClock {
    /** True time was in this range when it was returned. */
    public record Now(Instant earliest, Instant latest) {}

    /** Refuse the step. The codes are the sidecar's, or no_answer (nothing usable), or not_past. */
    public static final class NotGood extends Exception {
        public final List<String> codes;
        public final List<String> reasons;

        public NotGood(List<String> codes, List<String> reasons) {
            super(String.join("; ", reasons));
            this.codes = codes;
            this.reasons = reasons;
        }

        static NotGood noAnswer(String why) {
            return new NotGood(List.of("no_answer"), List.of("the sidecar gives no answer: " + why));
        }
    }

    /** Nanoseconds of the monotonic clock, and how far the wall clock is from it in milliseconds. */
    private record Clocks(long monotonic, long wallMinusMonotonic) {
        static Clocks read() {
            while (true) {
                long before = System.nanoTime();
                long wall = System.currentTimeMillis();
                // Otherwise something else ran in between.
                if (System.nanoTime() - before < 1_000_000) return new Clocks(before, wall - before / 1_000_000);
            }
        }
    }

    /** A good answer. Its range was true at some moment between asked and got. */
    private record Answer(Now range, double limit, double drift, Clocks asked, long got) {}

    private static final String SIDECAR = System.getenv().getOrDefault("CLOCK_SIDECAR", "http://127.0.0.1:2780");
    // Without a proxy and without redirects. It asks again if the sidecar has closed an idle connection.
    private static final HttpClient HTTP = HttpClient.newBuilder()
        .version(HttpClient.Version.HTTP_1_1)
        .proxy(HttpClient.Builder.NO_PROXY)
        .build();

    private final long maxError;
    private final Duration cache;
    private final Duration timeout;
    private final URI uri;
    private Answer answer;
    private CompletableFuture<Answer> flight;

    public EcsClock(Duration maxError) {
        this(maxError, SIDECAR, "", Duration.ofMillis(100), Duration.ofSeconds(1));
    }

    /** {@code query} has more parameters of /clock, such as {@code "&max_age=30m&for=cockroachdb"}. */
    public EcsClock(Duration maxError, String sidecar, String query, Duration cache, Duration timeout) {
        this.maxError = maxError.toNanos();
        this.cache = cache;
        this.timeout = timeout;
        this.uri = URI.create(sidecar + "/clock?max_error=" + maxError.toNanos() + "ns" + query);
    }

    /** The range that contains true time, unless the clock is not good or nothing is known. */
    public Now now() throws NotGood, InterruptedException {
        return join(nowAsync());
    }

    /** As {@link #now}. A thousand simultaneous callers make one request. */
    public synchronized CompletableFuture<Now> nowAsync() {
        if (answer != null && isFresh(answer)) return CompletableFuture.completedFuture(answer).thenApply(this::at);
        // It is done only after the answer is kept.
        if (flight == null || flight.isDone()) flight = ask().whenComplete(this::keep);
        return flight.thenApply(this::at);
    }

    private synchronized void keep(Answer answer, Throwable error) {
        this.answer = answer;
    }

    private CompletableFuture<Answer> ask() {
        var asked = Clocks.read();
        return HTTP.sendAsync(HttpRequest.newBuilder(uri).timeout(timeout).build(), BodyHandlers.ofString())
            .orTimeout(timeout.toNanos(), TimeUnit.NANOSECONDS)
            .handle((response, error) -> {
                try {
                    if (error != null) throw NotGood.noAnswer(error.toString());
                    return read(response, asked);
                } catch (NotGood notGood) {
                    throw new CompletionException(notGood);
                }
            });
    }

    private Answer read(HttpResponse<String> response, Clocks asked) throws NotGood {
        long got = System.nanoTime();
        try {
            var members = (Map<?, ?>) Json.parse(response.body());
            if (members.get("codes") instanceof List<?> codes && !codes.isEmpty()) {
                throw new NotGood(strings(codes), strings((List<?>) members.get("reasons")));
            }
            if (response.statusCode() != 200 || !"good".equals(members.get("verdict"))) {
                throw NotGood.noAnswer("HTTP " + response.statusCode() + ": " + members.get("error"));
            }
            var range = new Now(time(members.get("earliest")), time(members.get("latest")));
            // With the parameter "for", the sidecar may have applied a smaller limit.
            double limit = maxError;
            if (members.get("limits") instanceof Map<?, ?> limits && limits.get("max_error_ms") instanceof Double ms) {
                limit = Math.min(limit, ms * 1e6);
            }
            // Nothing is known to correct a clock whose source is an NTP server.
            double ppm = "ntp".equals(members.get("source")) ? 100 : 15;
            if (members.get("max_drift_ppm") instanceof Double given) ppm = given;
            if (range.earliest.isAfter(range.latest)) throw NotGood.noAnswer("impossible range");
            if (!(ppm >= 0 && ppm < 1e6)) throw NotGood.noAnswer("impossible drift");
            return new Answer(range, limit, ppm / 1e6, asked, got);
        } catch (RuntimeException | StackOverflowError error) {
            throw NotGood.noAnswer(error.toString());
        }
    }

    private static Instant time(Object text) {
        return Instant.parse((String) text);
    }

    private static List<String> strings(List<?> list) {
        return list.stream().map(String.class::cast).toList();
    }

    private static boolean isGood(Answer answer, long now) {
        var width = Duration.between(answer.range.earliest, answer.range.latest).toNanos();
        return width / 2.0 + growth(answer, now) <= answer.limit;
    }

    private static long growth(Answer answer, long now) {
        return (long) Math.ceil((now - answer.asked.monotonic) * answer.drift);
    }

    private boolean isFresh(Answer answer) {
        var now = Clocks.read();
        long step = Math.abs(now.wallMinusMonotonic - answer.asked.wallMinusMonotonic);
        return now.monotonic - answer.asked.monotonic < cache.toNanos() && step < 5 && isGood(answer, now.monotonic);
    }

    private Now at(Answer answer) {
        long now = System.nanoTime();
        if (!isGood(answer, now)) {
            var reason = "the error bound has grown over the limit since the answer";
            throw new CompletionException(new NotGood(List.of("bound_over_limit"), List.of(reason)));
        }
        long growth = growth(answer, now);
        return new Now(
            answer.range.earliest.plusNanos(now - answer.got - growth),
            answer.range.latest.plusNanos(now - answer.asked.monotonic + growth)
        );
    }

    /** Returns once true time is certainly past the timestamp. */
    public void waitUntilPast(Instant timestamp, Duration patience) throws NotGood, InterruptedException {
        join(waitUntilPastAsync(timestamp, patience));
    }

    /** Completes once true time is certainly past the timestamp. */
    public CompletableFuture<Void> waitUntilPastAsync(Instant timestamp, Duration patience) {
        var done = new CompletableFuture<Void>();
        poll(done, timestamp, System.nanoTime() + patience.toNanos(), List.of());
        return done;
    }

    private void poll(CompletableFuture<Void> done, Instant timestamp, long end, List<String> lastCodes) {
        nowAsync().whenComplete((now, error) -> {
            // A clock that is not good may become good again.
            var left = now == null ? 50_000_000 : Duration.between(now.earliest, timestamp).toNanos() + 1;
            var codes = error != null && error.getCause() instanceof NotGood notGood ? notGood.codes : lastCodes;
            var patience = end - System.nanoTime();
            if (left <= 0) {
                done.complete(null);
            } else if (patience <= 0) {
                var all = Stream.concat(Stream.of("not_past"), codes.stream()).toList();
                done.completeExceptionally(new NotGood(all, List.of(timestamp + " is not certainly past")));
            } else if (!done.isDone()) {
                var later = CompletableFuture.delayedExecutor(Math.min(left, patience), TimeUnit.NANOSECONDS);
                later.execute(() -> poll(done, timestamp, end, codes));
            }
        });
    }

    private static <T> T join(CompletableFuture<T> future) throws NotGood, InterruptedException {
        try {
            return future.get();
        } catch (ExecutionException error) {
            if (error.getCause() instanceof NotGood notGood) throw new NotGood(notGood.codes, notGood.reasons);
            throw new IllegalStateException(error.getCause());
        }
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
            if (codes.isEmpty()) {
                var now = Instant.now();
                return CompletableFuture.completedFuture(new Now(now.minus(bound), now.plus(bound)));
            }
            return CompletableFuture.failedFuture(new CompletionException(new NotGood(codes, codes)));
        }
    }

    /** Reads JSON as Map, List, String, Double, Boolean, and null; in place of a library. */
    private static final class Json {
        private static final Pattern TOKEN = Pattern.compile(
            "\\G\\s*+([{}\\[\\]:,]|\"[^\"\\\\]*+(?:\\\\.[^\"\\\\]*+)*+\""
                + "|-?[0-9]++(?:\\.[0-9]++)?+(?:[eE][-+]?[0-9]++)?+|true|false|null|$)");
        private static final Pattern ESCAPE = Pattern.compile("\\\\(u[0-9a-fA-F]{4}|.)");
        private final Matcher tokens;
        private String token = "";

        private Json(String text) {
            tokens = TOKEN.matcher(text);
            next();
        }

        static Object parse(String text) {
            var json = new Json(text);
            var value = json.value();
            if (!json.token.isEmpty()) throw new IllegalArgumentException("more than JSON");
            return value;
        }

        private String next() {
            var read = token;
            if (!tokens.find()) throw new IllegalArgumentException("not JSON");
            token = tokens.group(1);
            return read;
        }

        private void expect(String wanted) {
            if (!accept(wanted)) throw new IllegalArgumentException("not JSON: expected " + wanted);
        }

        private boolean accept(String wanted) {
            var matches = token.equals(wanted);
            if (matches) next();
            return matches;
        }

        private Object value() {
            if (accept("{")) {
                var members = new HashMap<String, Object>();
                if (accept("}")) return members;
                do {
                    var name = string(next());
                    expect(":");
                    members.put(name, value());
                } while (accept(","));
                expect("}");
                return members;
            }
            if (accept("[")) {
                var items = new ArrayList<Object>();
                if (accept("]")) return items;
                do items.add(value()); while (accept(","));
                expect("]");
                return items;
            }
            var scalar = next();
            return switch (scalar) {
                case "true", "false" -> Boolean.valueOf(scalar);
                case "null" -> null;
                default -> scalar.startsWith("\"") ? string(scalar) : (Object) Double.valueOf(scalar);
            };
        }

        private static String string(String token) {
            if (!token.startsWith("\"")) throw new IllegalArgumentException("not JSON: expected a string");
            var text = ESCAPE.matcher(token.substring(1, token.length() - 1));
            return text.replaceAll(escape -> Matcher.quoteReplacement(switch (escape.group(1).charAt(0)) {
                case 'u' -> Character.toString(Integer.parseInt(escape.group(1).substring(1), 16));
                case '"', '/', '\\' -> escape.group(1);
                default -> ("\\" + escape.group(1)).translateEscapes();
            }));
        }
    }
}
