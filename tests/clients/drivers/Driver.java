import java.io.BufferedReader;
import java.io.InputStreamReader;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Callable;
import java.util.concurrent.Executors;

/** Drives EcsClock.java by the protocol of languages.py. */
class Driver {
    static long nanoseconds(Instant instant) {
        return instant.getEpochSecond() * 1_000_000_000L + instant.getNano();
    }

    static String refused(EcsClock.NotGood error) {
        return "refused " + String.join(",", error.codes) + " " + error.getMessage();
    }

    static String now(EcsClock clock) throws Exception {
        var before = Instant.now();
        try {
            var now = clock.now();
            return "good " + nanoseconds(now.earliest()) + " " + nanoseconds(now.latest()) + " " + nanoseconds(before) + " " + nanoseconds(Instant.now().plusNanos(999));
        } catch (EcsClock.NotGood error) {
            return refused(error);
        }
    }

    static String many(EcsClock clock, int count) throws Exception {
        var pool = Executors.newFixedThreadPool(count);
        try {
            List<Callable<String>> calls = new ArrayList<>();
            for (int i = 0; i < count; i++) calls.add(() -> now(clock));
            int good = 0;
            for (var reply : pool.invokeAll(calls)) if (reply.get().startsWith("good ")) good++;
            return "many " + good + " " + (count - good);
        } finally {
            pool.shutdown();
        }
    }

    static String past(EcsClock clock, Duration later, Duration patience) throws Exception {
        try {
            var timestamp = clock.now().latest().plus(later);
            clock.waitUntilPast(timestamp, patience);
            return "past " + nanoseconds(timestamp) + " " + nanoseconds(Instant.now().plusNanos(999)) + " -";
        } catch (EcsClock.NotGood error) {
            return refused(error);
        }
    }

    static String fake() throws Exception {
        var clock = new EcsClock.Fake(Duration.ofNanos(500_000));
        var first = now(clock).split(" ")[0];
        clock.waitUntilPast(clock.now().latest(), Duration.ofMinutes(1));
        clock.codes = List.of("not_synchronized");
        return "fake " + first + " " + now(clock).split(" ")[1];
    }

    static Duration milliseconds(String text) {
        return Duration.ofNanos(Math.round(Double.parseDouble(text) * 1e6));
    }

    public static void main(String[] arguments) throws Exception {
        var input = new BufferedReader(new InputStreamReader(System.in));
        EcsClock clock = null;
        for (String line; (line = input.readLine()) != null; ) {
            var words = line.split(" ");
            switch (words[0]) {
                case "open" -> {
                    clock = new EcsClock(milliseconds(words[2]), words[1], "", milliseconds(words[3]), milliseconds(words[4]));
                    System.out.println("opened");
                }
                case "now" -> System.out.println(now(clock));
                case "many" -> System.out.println(many(clock, Integer.parseInt(words[1])));
                case "past" -> System.out.println(past(clock, milliseconds(words[1]), milliseconds(words[2])));
                case "fake" -> System.out.println(fake());
                default -> throw new IllegalArgumentException(line);
            }
        }
    }
}
