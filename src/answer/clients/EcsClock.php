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
    ) {}
}

class EcsClock
{
    private const LARGEST_RESPONSE = 65_536;
    // A whole response, since the body is one line.
    private const RESPONSE = '#\AHTTP/1\.1 ([0-9]{3} ).*?\r\n\r\n(.*\n)\z#s';
    // The status and the line.
    private const GOOD = '#\A200 good ([0-9]{16}) ([0-9]{16})\n\z#';
    private const NOT_GOOD = '#\A[0-9]{3} not_good ([a-z0-9_,]+)\t([^\n]+)\n\z#';

    /** @var resource|null */
    private $socket = null;
    /** The last range in microseconds, and when it was true by the clock of hrtime. */
    private array $last = [0, 0, 0];
    private readonly string $host;
    private readonly string $request;

    /** The query has more parameters of /clock, such as ['for' => 'etcd']. */
    public function __construct(
        private readonly float $maxErrorMs,
        ?string $sidecar = null,
        private readonly float $cacheMs = 100,
        private readonly float $timeoutMs = 1000,
        array $query = [],
    ) {
        $url = $sidecar ?? (getenv('CLOCK_SIDECAR') ?: 'http://127.0.0.1:2780');
        $this->host = preg_replace('#^http://#', '', $url);
        $query['max_error'] = sprintf('%.0fns', $maxErrorMs * 1e6);
        // The sidecar judges the clock as it may be when the answer is no longer used.
        $query['valid_for'] = sprintf('%.0fms', ceil($cacheMs + $timeoutMs));
        $target = '/clock.txt?' . http_build_query($query);
        $this->request = "GET $target HTTP/1.1\r\nHost: {$this->host}\r\n\r\n";
    }

    /** Returns the range of true time. Throws ClockNotGood if the clock is not good, or unknown. */
    public function now(): ClockRange
    {
        return $this->atPresent($this->cacheMs)
            ?? $this->ask()->atPresent($this->cacheMs + $this->timeoutMs)
            ?? throw $this->noAnswer('the clock was stepped');
    }

    private function ask(): static
    {
        $asked = hrtime(true);
        $deadline = $asked + (int) ($this->timeoutMs * 1e6);
        // The sidecar may have closed the connection that was kept: then ask on a new one.
        $answer = ($this->socket ? $this->exchange($deadline) : '') ?: $this->exchange($deadline);
        if (preg_match(self::NOT_GOOD, $answer, $notGood)) {
            throw new ClockNotGood(explode(',', $notGood[1]), explode("\t", $notGood[2]));
        }
        $isGood = preg_match(self::GOOD, $answer, $good);
        [, $earliest, $latest] = $isGood ? array_map(intval(...), $good) : [0, 1, 0];
        if ($latest < $earliest || $latest - $earliest > 2 * ($this->maxErrorMs * 1000 + 1)) {
            throw $this->noAnswer('got ' . json_encode(substr($answer ?: 'nothing', 0, 200)));
        }
        // It may be from the end of the request, so at the beginning true time was earlier.
        $this->last = [$earliest - intdiv(hrtime(true) - $asked, 1000) - 1, $latest, $asked];
        return $this;
    }

    /** Returns the status and the line of the response, or nothing. */
    private function exchange(int $deadline): string
    {
        // The last answer is forgotten, and the connection kept again only after a whole response.
        [$socket, $this->socket, $this->last] = [$this->socket, null, [0, 0, 0]];
        $socket ??= @stream_socket_client("tcp://{$this->host}", timeout: $this->timeoutMs / 1000);
        $isOpen = $socket && @fwrite($socket, $this->request);
        $received = '';
        while ($isOpen && strlen($received) < self::LARGEST_RESPONSE) {
            stream_set_timeout($socket, 0, max(1, intdiv($deadline - hrtime(true), 1000)));
            $piece = (string) @fread($socket, 8192);
            $isOpen = $piece !== '';
            $received .= $piece;
            if (preg_match(self::RESPONSE, $received, $found)) {
                $this->socket = $socket;
                return $found[1] . $found[2];
            }
        }
        return '';
    }

    private function noAnswer(string $why): ClockNotGood
    {
        $this->socket = null; // something may follow that is no answer either
        return new ClockNotGood(['no_answer'], ["the sidecar gives no answer: $why"]);
    }

    /**
     * Moves the range to the present. Null if it is too old, and if it does not contain this
     * machine's clock: after a step or a suspension, or if it is of another clock.
     */
    private function atPresent(float $longestMs): ?ClockRange
    {
        [$earliest, $latest, $asked] = $this->last;
        $earliest += intdiv(hrtime(true) - $asked, 1000);
        $wall = (int) (microtime(true) * 1e6);
        $age = intdiv(hrtime(true) - $asked, 1000) + 1;
        $latest += $age;
        if ($age > $longestMs * 1000 || $wall < $earliest || $wall > $latest) {
            return null;
        }
        return new ClockRange(self::time($earliest), self::time($latest));
    }

    private static function time(int $microseconds): DateTimeImmutable
    {
        return new DateTimeImmutable('@' . substr_replace((string) $microseconds, '.', -6, 0));
    }

    /** Returns once true time is certainly past. Throws ClockNotGood after the patience. */
    public function waitUntilPast(DateTimeImmutable $timestamp, float $patienceMs = 10_000): void
    {
        $end = hrtime(true) + $patienceMs * 1e6;
        $codes = ['not_past'];
        while (($patience = $end - hrtime(true)) > 0) {
            try {
                $left = (int) $timestamp->format('Uu') - (int) $this->now()->earliest->format('Uu');
            } catch (ClockNotGood $notGood) { // it may become good again
                $left = 50_000;
                $codes = ['not_past', ...$notGood->codes];
            }
            if ($left < 0) {
                return;
            }
            usleep((int) min($left + 1, $patience / 1000 + 1));
        }
        throw new ClockNotGood($codes, ["{$timestamp->format('c')} is not certainly past"]);
    }
}
