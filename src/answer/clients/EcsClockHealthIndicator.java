// Spring Boot 4. In Spring Boot 2 and 3 the package is org.springframework.boot.actuate.health.
import org.springframework.boot.health.contributor.Health;
import org.springframework.boot.health.contributor.HealthIndicator;
import org.springframework.stereotype.Component;

/**
 * A health indicator of Spring Boot that is up while the clock is good. It was tested with stubs of
 * Spring's types, not with Spring itself. Copy it with EcsClock.java, and provide a bean:
 *
 * <pre>{@code
 * @Bean EcsClock ecsClock() { return new EcsClock(Duration.ofMillis(5)); }
 * }</pre>
 *
 * Put it into the readiness group, with
 * {@code management.endpoint.health.group.readiness.include=readinessState,ecsClock}.
 * Keep it out of the liveness group: a new task on the same infrastructure has no better clock.
 */
@Component
public class EcsClockHealthIndicator implements HealthIndicator {
    private final EcsClock clock;

    public EcsClockHealthIndicator(EcsClock clock) {
        this.clock = clock;
    }

    @Override
    public Health health() {
        try {
            var now = clock.now();
            return Health.up()
                .withDetail("earliest", now.earliest())
                .withDetail("latest", now.latest())
                .build();
        } catch (EcsClock.NotGood notGood) {
            return Health.outOfService()
                .withDetail("codes", notGood.codes)
                .withDetail("reasons", notGood.reasons)
                .build();
        }
    }
}
