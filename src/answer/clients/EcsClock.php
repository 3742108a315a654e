<?php

declare(strict_types=1);

/**
 * Asks the ecs-clock-emf sidecar whether this task's clock is good, and for the range of true time.
 *
 * Copy this file. It needs PHP 8.1 or later and no packages. Keep one client for each process (with
 * FPM that is each request, with Swoole each coroutine). It blocks for at most the time-out.
 *
 *     $clock = new EcsClock(maxErrorMs: 5);
 *     $timestamp = $clock->now()->latest;   // throws ClockNotGood: refuse the step
 *     write($timestamp);
 *     $clock->waitUntilPast($timestamp);    // before anybody sees the write
 */

/** Refuse the step. The codes are the sidecar's, or no_answer (nothing usable), or not_past. */
final class ClockNotGood extends RuntimeException
{
    /** Both are lists of strings. */
    public function __construct(public readonly array $codes, public readonly array $reasons)
    {
        parent::__construct(implode('; ', $reasons));
    }
}

/** True time was in this range when it was returned. */
final class ClockRange
{
    public function __construct(
        public readonly DateTimeImmutable $earliest,
        public readonly DateTimeImmutable $latest,
    ) {
    }
}

class EcsClock
{
    private const LARGEST_RESPONSE = 65_536;
    private const NOTHING = ['asked' => PHP_INT_MIN];
    // A whole response, since the body is one line.
    private const RESPONSE = '#\AHTTP/1\.1 ([0-9]{3}) .*?\r\n\r\n(.*\n)\z#s';
    private const GOOD = '#\Agood ([0-9]{16}) ([0-9]{16})\n\z#';
    private const NOT_GOOD = '#\Anot_good ([a-z0-9_,]+)\t([^\n]+)\n\z#';

    /** @var resource|null */
    private $socket = null;
    /** In microseconds: a range that was true between asked and got. */
    private array $last = self::NOTHING;
    private readonly string $host;
    private readonly string $request;
    private readonly float $validForMs;

    /** The query has more parameters of /clock, such as ['for' => 'etcd']. */
    public function __construct(
        protected readonly float $maxErrorMs,
        ?string $sidecar = null,
        private readonly float $cacheMs = 100,
        private readonly float $timeoutMs = 1000,
        array $query = [],
    ) {
        $url = $sidecar ?? (getenv('CLOCK_SIDECAR') ?: 'http://127.0.0.1:2780');
        $this->host = preg_replace('#^http://#', '', $url);
        // The sidecar judges the clock as it may be at the end of this time.
        $this->validForMs = ceil(max($cacheMs, $timeoutMs));
        $query['max_error'] = sprintf('%.0fns', $maxErrorMs * 1e6);
        $query['valid_for'] = "{$this->validForMs}ms";
        $target = '/clock.txt?' . http_build_query($query);
        $this->request = "GET $target HTTP/1.1\r\nHost: {$this->host}\r\n\r\n";
    }

    /** Returns the range of true time. Throws ClockNotGood if the clock is not good, or unknown. */
    public function now(): ClockRange
    {
        return self::atPresent($this->last, $this->cacheMs)
            ?? self::atPresent($this->ask(), $this->validForMs)
            ?? throw new ClockNotGood(['no_answer'], ['the clock was stepped during the request']);
    }

    private function ask(): array
    {
        $socket = $this->socket;
        $isKept = $socket !== null;
        $this->socket = null; // kept after a whole response, so that a late one is not the next
        $this->last = self::NOTHING;
        $asked = self::microseconds();
        try {
            $timeout = $this->timeoutMs / 1000;
            $socket ??= @stream_socket_client("tcp://{$this->host}", $code, $why, $timeout);
            $found = $this->exchange($socket, $asked + $this->timeoutMs * 1000);
            if (preg_match(self::NOT_GOOD, $found[2], $notGood)) {
                $this->socket = $socket;
                throw new ClockNotGood(explode(',', $notGood[1]), explode("\t", $notGood[2]));
            }
            $this->last = $this->range($asked, $found[1], $found[2]);
            $this->socket = $socket;
            return $this->last;
        } catch (UnexpectedValueException $error) {
            if ($isKept) { // it may have been closed
                return $this->ask();
            }
            $why = 'the sidecar gives no answer: ' . $error->getMessage();
            throw new ClockNotGood(['no_answer'], [$why]);
        }
    }

    /** Returns the parts of the response: all, the status and the line. */
    private function exchange(mixed $socket, float $deadline): array
    {
        if (!$socket || @fwrite($socket, $this->request) !== strlen($this->request)) {
            throw new UnexpectedValueException('no connection');
        }
        $received = '';
        while (!preg_match(self::RESPONSE, $received, $found)) {
            stream_set_timeout($socket, 0, (int) max(1, $deadline - self::microseconds()));
            $piece = (string) @fread($socket, 8192);
            $received .= $piece;
            if ($piece === '' || strlen($received) > self::LARGEST_RESPONSE) {
                throw new UnexpectedValueException('timed out, closed, or not the sidecar');
            }
        }
        return $found;
    }

    /** Returns the range of an answer about this machine's clock. */
    private function range(int $asked, string $status, string $line): array
    {
        if ($status === '200' && preg_match(self::GOOD, $line, $found)) {
            [$earliest, $latest, $got] = [(int) $found[1], (int) $found[2], self::microseconds()];
            $answer = compact('asked', 'got', 'earliest', 'latest');
            $width = $latest - $earliest;
            $isRange = $width >= 0 && $width <= 2 * ($this->maxErrorMs * 1000 + 1);
            if ($isRange && self::atPresent($answer, $this->validForMs) !== null) {
                return $answer;
            }
        }
        throw new UnexpectedValueException("HTTP $status: " . json_encode(substr($line, 0, 200)));
    }

    /**
     * Moves the range to the present. Null if it is missing or too old, and if it does not contain
     * this machine's clock: after a step or a suspension, or if it is of another clock.
     */
    private static function atPresent(array $answer, float $longestMs): ?ClockRange
    {
        $before = self::microseconds();
        $wall = (int) (microtime(true) * 1e6);
        $after = self::microseconds() + 1;
        if ($after - $answer['asked'] > $longestMs * 1000) {
            return null;
        }
        $earliest = $answer['earliest'] + $before - $answer['got'] - 1;
        $latest = $answer['latest'] + $after - $answer['asked'];
        if ($wall < $earliest || $wall > $latest) {
            return null;
        }
        return new ClockRange(self::time($earliest), self::time($latest));
    }

    private static function microseconds(): int
    {
        return intdiv(hrtime(true), 1000);
    }

    private static function time(int $microseconds): DateTimeImmutable
    {
        $text = sprintf('%d.%06d', intdiv($microseconds, 1_000_000), $microseconds % 1_000_000);
        return DateTimeImmutable::createFromFormat('U.u', $text);
    }

    /** Returns once true time is certainly past. Throws ClockNotGood after the patience. */
    public function waitUntilPast(DateTimeImmutable $timestamp, float $patienceMs = 10_000): void
    {
        $end = self::microseconds() + $patienceMs * 1000;
        $codes = [];
        while (($patience = $end - self::microseconds()) > 0) {
            $left = 50_000;
            try {
                $left = (int) $timestamp->format('Uu') - (int) $this->now()->earliest->format('Uu');
                if ($left < 0) {
                    return;
                }
            } catch (ClockNotGood $notGood) { // it may become good again
                $codes = $notGood->codes;
            }
            usleep((int) min($left + 1, $patience + 1));
        }
        $text = $timestamp->format('Y-m-d\TH:i:s.uP');
        throw new ClockNotGood(['not_past', ...$codes], ["$text is not certainly past"]);
    }
}

/** A clock for your tests: good with the bound maxErrorMs, not good while it has codes. */
final class FakeEcsClock extends EcsClock
{
    public array $codes = [];

    public function now(): ClockRange
    {
        if ($this->codes !== []) {
            throw new ClockNotGood($this->codes, ['fake']);
        }
        $bound = sprintf('%d microseconds', ceil($this->maxErrorMs * 1000));
        $now = new DateTimeImmutable('now', new DateTimeZone('UTC'));
        return new ClockRange($now->modify("-$bound"), $now->modify("+$bound"));
    }
}
