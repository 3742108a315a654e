import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse.BodyHandlers;
import java.time.Duration;
import java.util.concurrent.Executors;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;

/** Asks a sidecar from many threads: Callers ADDRESS CALLERS REQUESTS kept|new */
class Callers {
    public static void main(String[] arguments) throws Exception {
        var callers = Integer.parseInt(arguments[1]);
        var requests = Integer.parseInt(arguments[2]);
        var isKept = arguments[3].equals("kept");
        var clock = URI.create("http://" + arguments[0] + "/clock");
        var request = HttpRequest.newBuilder(clock).timeout(Duration.ofSeconds(30)).build();
        var shared = client();
        var failed = new AtomicInteger();
        var first = new String[] {""};
        var threads = Executors.newFixedThreadPool(callers);
        for (var caller = 0; caller < callers; caller++) {
            threads.submit(() -> {
                for (var number = 0; number < requests; number++) {
                    try {
                        var status = isKept
                            ? shared.send(request, BodyHandlers.ofString()).statusCode()
                            : once(clock);
                        if (status != 200) throw new IllegalStateException("status " + status);
                    } catch (Exception error) {
                        failed.incrementAndGet();
                        first[0] = error.toString();
                    }
                }
            });
        }
        threads.shutdown();
        threads.awaitTermination(5, TimeUnit.MINUTES);
        System.out.println(callers * requests + " " + failed + " " + first[0]);
        System.exit(0);
    }

    static HttpClient client() {
        return HttpClient.newBuilder().version(HttpClient.Version.HTTP_1_1).build();
    }

    /** Asks on a new connection: the JDK's other client can be set to close it. */
    static int once(URI clock) throws Exception {
        var connection = (java.net.HttpURLConnection) clock.toURL().openConnection();
        connection.setRequestProperty("Connection", "close");
        connection.setReadTimeout(30_000);
        var status = connection.getResponseCode();
        if (status == 200) connection.getInputStream().readAllBytes();
        return status;
    }
}
