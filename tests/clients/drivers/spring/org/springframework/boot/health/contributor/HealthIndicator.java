package org.springframework.boot.health.contributor;

/** The interface of Spring Boot that EcsClockHealthIndicator.java implements. */
public interface HealthIndicator {
    Health health();
}
