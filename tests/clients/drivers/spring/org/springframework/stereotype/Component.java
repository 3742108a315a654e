package org.springframework.stereotype;

/** The annotation of Spring that EcsClockHealthIndicator.java uses; Spring is in no package here. */
public @interface Component {}
