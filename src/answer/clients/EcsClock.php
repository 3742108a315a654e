<?php

declare(strict_types=1);

/**
 * Asks the ecs-clock-emf sidecar whether this task's clock is good, and for the range that contains true time.
 *
 * Copy this file. It needs PHP 8.1 or later and no packages. Keep one client for each process (with FPM that is each
 * request, with Swoole each coroutine). It blocks for at most the time-out.
 *
 *     $clock = new EcsClock(maxErrorMs: 5);
 *     $timestamp = $clock->now()->latest;   // throws ClockNotGood, also if nobody responds: refuse the step
 *     write($timestamp);
 *     $clock->waitUntilPast($timestamp);    // before anybody sees the write
 */

/** Refuse the step. The codes are the sidecar's, or no_answer (nothing usable), or not_past. */
final class ClockNotGood extends RuntimeException
{
    /**
     * @param list<string> $codes
     * @param list<string> $reasons
     */
    public function __construct(public readonly array $codes, public readonly array $reasons)
    {
        parent::__construct(implode('; ', $reasons));
    }

    public static function noAnswer(string $why): self
    {
        return new self(['no_answer'], ["the sidecar gives no answer: $why"]);
    }
}

/** True time was in this range when it was returned. `answer` has all that the sidecar answered. */
final class ClockRange
{
    /** @param array<string, mixed> $answer */
    public function __construct(
        public readonly DateTimeImmutable $earliest,
        public readonly DateTimeImmutable $latest,
        public readonly array $answer,
    ) {
    }
}

class EcsClock
{
    private const LARGEST_ANSWER = 65_536;
    private const SMALLEST_STEP_NS = 5_000_000;

    /** @var resource|null */
    private $socket = null;
    private bool $isInFlight = false;
    /** @var array<string, mixed>|null a good answer; its range was true at some moment between asked and got */
    private ?array $last = null;
    private readonly string $host;
    private readonly string $request;

    /** @param array<string, string> $query more parameters of /clock, such as ['for' => 'cockroachdb'] */
    public function __construct(
        private readonly float $maxErrorMs,
        ?string $sidecar = null,
        private readonly float $cacheMs = 100,
        private readonly float $timeoutMs = 1000,
        array $query = [],
    ) {
        $this->host = preg_replace('#^http://#', '', $sidecar ?? (getenv('CLOCK_SIDECAR') ?: 'http://127.0.0.1:2780'));
        $query = http_build_query(['max_error' => sprintf('%.0fns', $maxErrorMs * 1e6)] + $query);
        $this->request = "GET /clock?$query HTTP/1.1\r\nHost: {$this->host}\r\n\r\n";
    }

    /** Returns the range that contains true time. Throws ClockNotGood if the clock is not good or nothing is known. */
    public function now(): ClockRange
    {
        if ($this->last === null || !$this->isFresh($this->last)) {
            if ($this->isInFlight) {
                throw ClockNotGood::noAnswer('this client is in use by another coroutine');
            }
            $this->last = null;
            $this->isInFlight = true;
            try {
                $this->last = $this->ask();
            } finally {
                $this->isInFlight = false;
            }
        }
        return $this->at($this->last);
    }

    /** Returns once true time is certainly past the timestamp. Throws ClockNotGood after the patience. */
    public function waitUntilPast(DateTimeImmutable $timestamp, float $patienceMs = 10_000): void
    {
        $end = hrtime(true) + $patienceMs * 1e6;
        $codes = [];
        while (($patience = $end - hrtime(true)) > 0) {
            $left = 50_000;
            try {
                $left = self::microseconds($timestamp) - self::microseconds($this->now()->earliest);
                if ($left < 0) {
                    return;
                }
            } catch (ClockNotGood $notGood) { // it may become good again
                $codes = $notGood->codes;
            }
            usleep((int) min($left + 1, $patience / 1000 + 1));
        }
        $text = $timestamp->format('Y-m-d\TH:i:s.uP');
        throw new ClockNotGood(['not_past', ...$codes], ["$text is not certainly past"]);
    }

    private static function microseconds(DateTimeImmutable $time): int
    {
        return $time->getTimestamp() * 1_000_000 + (int) $time->format('u');
    }

    private static function time(int $microseconds): DateTimeImmutable
    {
        $text = sprintf('%d.%06d', intdiv($microseconds, 1_000_000), $microseconds % 1_000_000);
        return DateTimeImmutable::createFromFormat('U.u', $text);
    }

    /** @return array<string, mixed> */
    private function ask(): array
    {
        $deadline = hrtime(true) + (int) ($this->timeoutMs * 1e6);
        do {
            [$asked, $wall] = self::clocks();
            $isReused = $this->socket !== null;
            $response = $this->exchange($deadline);
            // The sidecar may close a connection that was idle: then ask again on a new one.
        } while ($response === null && $isReused && hrtime(true) < $deadline);
        $got = hrtime(true);
        if ($response === null) {
            throw ClockNotGood::noAnswer('no response');
        }
        [$status, $body] = $response;
        try {
            $members = json_decode($body, true, 64, JSON_THROW_ON_ERROR);
            if (!empty($members['codes'])) {
                throw new ClockNotGood($members['codes'], $members['reasons'] ?? []);
            }
            if ($status !== 200 || ($members['verdict'] ?? '') !== 'good') {
                throw ClockNotGood::noAnswer("HTTP $status: " . ($members['error'] ?? ''));
            }
            $earliest = self::parse($members['earliest'] ?? '');
            $latest = self::parse($members['latest'] ?? '');
            // With the parameter `for`, the sidecar may have applied a smaller limit.
            $limitMs = min($this->maxErrorMs, $members['limits']['max_error_ms'] ?? $this->maxErrorMs);
            // Nothing is known to correct a clock whose source is an NTP server.
            $drift = ($members['max_drift_ppm'] ?? (($members['source'] ?? '') === 'ntp' ? 100 : 15)) / 1e6;
            if ($earliest > $latest || !($drift >= 0 && $drift < 1)) {
                throw ClockNotGood::noAnswer('impossible range or drift');
            }
        } catch (JsonException | TypeError | ValueError $error) {
            throw ClockNotGood::noAnswer($error->getMessage());
        }
        return compact('members', 'earliest', 'latest', 'limitMs', 'drift', 'asked', 'wall', 'got');
    }

    /** @return array{int, float} both clocks at the same moment */
    private static function clocks(): array
    {
        while (true) {
            [$before, $wall] = [hrtime(true), microtime(true)];
            if (hrtime(true) - $before < 1_000_000) { // otherwise something else ran in between
                return [$before, $wall];
            }
        }
    }

    private static function parse(string $text): int
    {
        $format = str_contains($text, '.') ? '!Y-m-d\TH:i:s.u\Z' : '!Y-m-d\TH:i:s\Z';
        $time = DateTimeImmutable::createFromFormat($format, $text, new DateTimeZone('UTC'));
        if ($time === false || (DateTimeImmutable::getLastErrors()['warning_count'] ?? 0) > 0) { // February 31st
            throw new ValueError("no time: $text");
        }
        return self::microseconds($time);
    }

    /** @return array{int, string}|null the status and the body */
    private function exchange(int $deadline): ?array
    {
        $left = fn (): float => max(0.001, ($deadline - hrtime(true)) / 1e9);
        // A plain socket: no proxy and no redirects.
        $this->socket ??= @stream_socket_client("tcp://{$this->host}", $error, $message, $left()) ?: null;
        $socket = $this->socket;
        $this->socket = null; // kept only after a whole response
        if ($socket === null || @fwrite($socket, $this->request) !== strlen($this->request)) {
            return null;
        }
        stream_set_blocking($socket, false);
        $received = '';
        while (hrtime(true) < $deadline && strlen($received) < self::LARGEST_ANSWER) {
            [$read, $write, $except, $seconds] = [[$socket], null, null, $left()];
            @stream_select($read, $write, $except, (int) $seconds, (int) (fmod($seconds, 1) * 1e6));
            $piece = (string) @fread($socket, 8192);
            if ($piece === '' && feof($socket)) {
                return null;
            }
            $received .= $piece;
            [$head, $body] = explode("\r\n\r\n", $received, 2) + [1 => ''];
            $isWhole = preg_match('#^HTTP/1\.1 (\d{3}) .*\r\ncontent-length: *(\d+)(\r\n|$)#is', $head, $found);
            if ($isWhole && strlen($body) === (int) $found[2]) {
                $this->socket = preg_match('#\r\nconnection: *close#i', $head) ? null : $socket;
                return [(int) $found[1], $body];
            }
        }
        return null;
    }

    private function isGood(array $answer, int $now): bool
    {
        $boundNs = ($answer['latest'] - $answer['earliest']) * 500 + ($now - $answer['asked']) * $answer['drift'];
        return $boundNs <= $answer['limitMs'] * 1e6;
    }

    private function isFresh(array $answer): bool
    {
        [$now, $wall] = self::clocks();
        $age = $now - $answer['asked'];
        $step = abs(($wall - $answer['wall']) * 1e9 - $age);
        return $age < $this->cacheMs * 1e6 && $step < self::SMALLEST_STEP_NS && $this->isGood($answer, $now);
    }

    private function at(array $answer): ClockRange
    {
        $now = hrtime(true);
        if (!$this->isGood($answer, $now)) {
            throw new ClockNotGood(['bound_over_limit'], ['the error bound has grown over the limit since the answer']);
        }
        $earliest = $answer['earliest'] + (int) floor(($now - $answer['got']) * (1 - $answer['drift']) / 1000);
        $latest = $answer['latest'] + (int) ceil(($now - $answer['asked']) * (1 + $answer['drift']) / 1000);
        return new ClockRange(self::time($earliest), self::time($latest), $answer['members']);
    }
}

/** A clock for your tests: good with this error bound, not good while it has codes. */
final class FakeEcsClock extends EcsClock
{
    /** @var list<string> */
    public array $codes = [];

    public function __construct(private readonly float $boundMs = 0.5)
    {
        parent::__construct($boundMs);
    }

    public function now(): ClockRange
    {
        if ($this->codes !== []) {
            throw new ClockNotGood($this->codes, $this->codes);
        }
        $bound = sprintf('%d microseconds', ceil($this->boundMs * 1000));
        $now = new DateTimeImmutable('now', new DateTimeZone('UTC'));
        return new ClockRange($now->modify("-$bound"), $now->modify("+$bound"), []);
    }
}
