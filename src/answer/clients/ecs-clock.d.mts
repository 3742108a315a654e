/** A code of the sidecar, which may have more later, or one of the client. */
export type Code =
  | "not_synchronized"
  | "offset_too_large"
  | "cross_check_disagrees"
  | "bound_unknown"
  | "bound_over_limit"
  | "age_over_limit"
  | "age_unknown"
  | "clock_stepping"
  | "no_reading"
  // The client's: nothing usable came, and waiting took too long.
  | "no_answer"
  | "not_past"
  | (string & {});

/** True time was in this range, in microseconds since 1970. */
export interface Now {
  readonly earliest: number;
  readonly latest: number;
}

export declare class ClockNotGood extends Error {
  constructor(codes: Code[], reasons: string[]);
  readonly codes: Code[];
  readonly reasons: string[];
}

export declare function rfc3339(microseconds: number): string;

export interface Options {
  maxErrorMs: number;
  /** By default the variable CLOCK_SIDECAR, else http://127.0.0.1:2780. */
  url?: string;
  cacheMs?: number;
  timeoutMs?: number;
  /** More parameters of /clock, such as `{ max_age: "30m", for: "cockroachdb" }`. */
  query?: Record<string, string>;
}

export declare class Clock {
  constructor(options: Options);
  /** Rejects with ClockNotGood. */
  now(): Promise<Now>;
  /** Rejects with ClockNotGood after `patienceMs`, 10 s by default. */
  waitUntilPast(timestamp: number, patienceMs?: number): Promise<void>;
}

/** Good with the bound `maxErrorMs`, not good while it has codes. */
export declare class FakeClock extends Clock {
  codes: Code[];
}
