import java.io.BufferedReader;
import java.io.InputStreamReader;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Callable;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.Executors;

/** Drives EcsClock.java by the protocol of languages.py, and EcsClockHealthIndicator.java against stubs of Spring's types. */
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
        var clock = new FakeEcsClock(Duration.ofNanos(500_000));
        var first = now(clock).split(" ")[0];
        var indicator = new EcsClockHealthIndicator(clock);
        clock.waitUntilPast(clock.now().latest(), Duration.ofMinutes(1));
        var good = indicator.health();
        clock.codes = List.of("not_synchronized");
        var bad = indicator.health();
        if (!good.status().equals("UP") || !bad.status().equals("OUT_OF_SERVICE") || !bad.details().get("codes").equals(clock.codes)) {
            return "the health indicator is wrong";
        }
        return "fake " + first + " " + now(clock).split(" ")[1];
    }

    /** Makes the last answer one from before a step of a second: libfaketime slows a virtual machine down too much. */
    static void step(EcsClock clock) throws Exception {
        var field = EcsClock.class.getDeclaredField("last");
        field.setAccessible(true);
        var last = (CompletableFuture<?>) field.get(clock);
        if (last.isCompletedExceptionally()) return;
        var answer = (Record) last.join();
        var types = new ArrayList<Class<?>>();
        var values = new ArrayList<Object>();
        for (var component : answer.getClass().getRecordComponents()) {
            var accessor = component.getAccessor();
            accessor.setAccessible(true);
            var value = accessor.invoke(answer);
            types.add(component.getType());
            values.add(value instanceof Instant time ? time.minusSeconds(1) : value);
        }
        var constructor = answer.getClass().getDeclaredConstructor(types.toArray(Class[]::new));
        constructor.setAccessible(true);
        field.set(clock, CompletableFuture.completedFuture(constructor.newInstance(values.toArray())));
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
                case "step" -> {
                    step(clock);
                    System.out.println("stepped");
                }
                case "fake" -> System.out.println(fake());
                default -> throw new IllegalArgumentException(line);
            }
        }
    }
}
