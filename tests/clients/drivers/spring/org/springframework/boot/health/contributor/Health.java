package org.springframework.boot.health.contributor;

import java.util.Map;
import java.util.TreeMap;

/** The class of Spring Boot that EcsClockHealthIndicator.java returns. */
public record Health(String status, Map<String, Object> details) {
    public static Builder up() {
        return new Builder("UP");
    }

    public static Builder down() {
        return new Builder("DOWN");
    }

    public static Builder outOfService() {
        return new Builder("OUT_OF_SERVICE");
    }

    public static final class Builder {
        private final String status;
        private final Map<String, Object> details = new TreeMap<>();

        private Builder(String status) {
            this.status = status;
        }

        public Builder withDetail(String key, Object value) {
            details.put(key, value);
            return this;
        }

        public Health build() {
            return new Health(status, details);
        }
    }
}
