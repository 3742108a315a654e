<?php

declare(strict_types=1);

/**
 * A clock for your tests: good with this bound, not good while it has codes. Copy it with
 * EcsClock.php, to where your tests are: a program must not run with it.
 *
 *     $clock = new FakeEcsClock(1.0);
 *     $clock->codes = ['not_synchronized'];    // from now on the clock is not good
 */
final class FakeEcsClock extends EcsClock
{
    public array $codes = [];

    public function __construct(private readonly float $boundMs)
    {
        parent::__construct($boundMs);
    }

    public function now(): ClockRange
    {
        if ($this->codes !== []) {
            throw new ClockNotGood($this->codes, ['fake']);
        }
        $bound = sprintf('%d microseconds', ceil($this->boundMs * 1000));
        $now = new DateTimeImmutable('now', new DateTimeZone('UTC'));
        return new ClockRange($now->modify("-$bound"), $now->modify("+$bound"));
    }
}
