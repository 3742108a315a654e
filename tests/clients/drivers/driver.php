<?php

// Drives EcsClock.php by the protocol of languages.py.

declare(strict_types=1);

error_reporting(E_ALL);
set_error_handler(static function (int $level, string $message, string $file, int $line): bool {
    if (error_reporting() & $level) {
        throw new ErrorException($message, 0, $level, $file, $line);
    }
    return true;
});
require __DIR__ . '/../../../src/answer/clients/EcsClock.php';
require __DIR__ . '/../../../src/answer/clients/FakeEcsClock.php';

function nanoseconds(DateTimeImmutable $time): int
{
    return $time->getTimestamp() * 1_000_000_000 + (int) $time->format('u') * 1000;
}

function wall(): int
{
    return nanoseconds(new DateTimeImmutable());
}

function refused(ClockNotGood $error): string
{
    return 'refused ' . implode(',', $error->codes) . ' ' . $error->getMessage();
}

function now(EcsClock $clock): string
{
    $before = wall();
    try {
        $range = $clock->now();
        return sprintf('good %d %d %d %d', nanoseconds($range->earliest), nanoseconds($range->latest), $before, wall() + 999);
    } catch (ClockNotGood $error) {
        return refused($error);
    }
}

function many(EcsClock $clock, int $count): string
{
    $good = 0;
    for ($i = 0; $i < $count; $i++) {
        $good += (int) str_starts_with(now($clock), 'good ');
    }
    return sprintf('many %d %d', $good, $count - $good);
}

function past(EcsClock $clock, int $laterMs, int $patienceMs): string
{
    try {
        $timestamp = $clock->now()->latest->modify("+$laterMs milliseconds");
        $clock->waitUntilPast($timestamp, $patienceMs);
        return sprintf('past %d %d -', nanoseconds($timestamp), wall() + 999);
    } catch (ClockNotGood $error) {
        return refused($error);
    }
}

function fake(): string
{
    $clock = new FakeEcsClock(0.5);
    $first = explode(' ', now($clock))[0];
    $clock->waitUntilPast($clock->now()->latest);
    $clock->codes = ['not_synchronized'];
    return "fake $first " . explode(' ', now($clock))[1];
}

while (($line = fgets(STDIN)) !== false) {
    $words = explode(' ', trim($line));
    if ($words[0] === 'open') {
        $clock = new EcsClock((float) $words[2], $words[1], (float) $words[3], (float) $words[4]);
    }
    echo match ($words[0]) {
        'open' => 'opened',
        'now' => now($clock),
        'many' => many($clock, (int) $words[1]),
        'past' => past($clock, (int) $words[1], (int) $words[2]),
        'fake' => fake(),
    }, "\n";
}
