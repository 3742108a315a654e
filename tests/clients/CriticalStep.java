import java.net.URI;
import java.net.URLEncoder;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse.BodyHandlers;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.function.Consumer;
import java.util.regex.Pattern;

/** A critical step that rests on the clock, in Java: the JDK's own client asks the sidecar. */
class CriticalStep {
    static final String SIDECAR = System.getenv().getOrDefault("CLOCK_SIDECAR", "http://127.0.0.1:2780");
    static final HttpClient CLIENT = HttpClient.newBuilder()
        .version(HttpClient.Version.HTTP_1_1)
        .proxy(HttpClient.Builder.NO_PROXY)
        .connectTimeout(Duration.ofSeconds(1))
        .build();
    // In place of your JSON library.
    static final Pattern LATEST = Pattern.compile("\"latest\":\"([^\"]+)\"");

    /** The clock is not good, or nobody answers: both mean that the step must not be taken. */
    static class ClockNotGood extends Exception {
        ClockNotGood(String reason) {
            super(reason);
        }
    }

    /** What {@code /clock} says of a good clock, as JSON. */
    static String clock(String name, String value) throws ClockNotGood, InterruptedException {
        var query = name + "=" + URLEncoder.encode(value, StandardCharsets.UTF_8);
        var request = HttpRequest.newBuilder(URI.create(SIDECAR + "/clock?" + query)).timeout(Duration.ofSeconds(1));
        try {
            var answer = CLIENT.send(request.build(), BodyHandlers.ofString());
            if (answer.statusCode() == 200) return answer.body();
            throw new ClockNotGood(answer.body());
        } catch (java.io.IOException reason) {
            throw new ClockNotGood(reason.toString());
        }
    }

    /** Returns once every correct clock in the world shows a later time than {@code timestamp}. */
    static void waitUntilPast(String timestamp, Duration patience) throws ClockNotGood, InterruptedException {
        var deadline = System.nanoTime() + patience.toNanos();
        while (System.nanoTime() - deadline < 0) {
            try {
                if (clock("after", timestamp).contains("\"certainly_past\":true")) return;
            } catch (ClockNotGood reason) {
                // It may become good again.
            }
            Thread.sleep(1);
        }
        throw new ClockNotGood(timestamp + " is not certainly past");
    }

    /** Takes the step with the latest time it can be, and waits that time out before anybody hears of it. */
    static String commit(Consumer<String> write) throws ClockNotGood, InterruptedException {
        var latest = LATEST.matcher(clock("max_error", "5ms"));
        if (!latest.find()) throw new ClockNotGood("no range");
        var timestamp = latest.group(1);
        write.accept(timestamp);
        waitUntilPast(timestamp, Duration.ofSeconds(10));
        return timestamp;
    }

    public static void main(String[] arguments) throws InterruptedException {
        try {
            System.out.println("committed " + commit(timestamp -> System.out.println("writing " + timestamp)));
        } catch (ClockNotGood reason) {
            System.err.println("refused: " + reason.getMessage());
            System.exit(1);
        }
    }
}
