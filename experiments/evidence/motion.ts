/** Length of every clip in seconds; all movement has this period. */
export const SECONDS = 2;
/** Frames a second. */
export const RATE = 25;

/** A number that changes in time; times in seconds. */
export type Course = (time: number) => number;

/** Odd multiples of 1/{@link SECONDS}: a sum of them takes each value as often as its opposite. */
const FREQUENCIES = [0.5, 1.5, 2.5] as const;

/**
 * A wandering course between −1 and 1: three odd harmonics of the clip's length. So `w(t + 1 s) = −w(t)`,
 * and over a clip its values have the same distribution as those of its mirror image; since the phases
 * are uniform, shifting or mirroring it changes nothing that can be told from one course alone.
 */
export interface Wander {
  /** Amplitudes at 0.5, 1.5 and 2.5 Hz. */
  readonly amplitudes: readonly number[];
  /** Phases in rad. */
  readonly phases: readonly number[];
}

/** @param draw uniform numbers in [0, 1) */
export function drawWander(draw: () => number): Wander {
  return {
    amplitudes: [1, 0.3 + 0.6 * draw(), 0.3 * draw()],
    phases: FREQUENCIES.map(() => 2 * Math.PI * draw()),
  };
}

/** The course that goes through the opposite values. */
export function mirrored({ amplitudes, phases }: Wander): Wander {
  return { amplitudes, phases: phases.map((phase) => phase + Math.PI) };
}

/**
 * The same course half a second later or earlier: a quarter, three quarters and five quarters of a
 * turn of its harmonics. Uncorrelated with it over a clip, though it goes through the same values.
 */
export function delayed({ amplitudes, phases }: Wander, sign: 1 | -1): Wander {
  const turn = (i: number) => 2 * Math.PI * (FREQUENCIES[i] ?? 0) * (SECONDS / 4);
  return { amplitudes, phases: phases.map((phase, i) => phase - sign * turn(i)) };
}

/** The same course backwards; it goes through the same values as often. */
export function reversed({ amplitudes, phases }: Wander): Wander {
  return { amplitudes, phases: phases.map((phase) => -phase) };
}

/** The same course later by so many seconds, around the clip's end. */
export function shifted({ amplitudes, phases }: Wander, seconds: number): Wander {
  const turn = (i: number) => 2 * Math.PI * (FREQUENCIES[i] ?? 0) * seconds;
  return { amplitudes, phases: phases.map((phase, i) => phase - turn(i)) };
}

/** The course of a wander; its peak is 1. */
export function courseOf({ amplitudes, phases }: Wander): Course {
  const sum: Course = (time) =>
    FREQUENCIES.reduce(
      (total, frequency, i) =>
        total + (amplitudes[i] ?? 0) * Math.cos(2 * Math.PI * frequency * time + (phases[i] ?? 0)),
      0,
    );
  let peak = 0;
  for (let i = 0; i < 4 * RATE * SECONDS; i++) peak = Math.max(peak, Math.abs(sum(i / (4 * RATE))));
  return (time) => sum(time) / peak;
}

/** A ball that bounces twice a clip, over and over: hops of two lengths, which sum to the clip's. */
export interface Bouncing {
  /** When it lands, in [0, {@link SECONDS}). */
  readonly landings: readonly [number, number];
  /** How long the hop was that ends with each landing, in seconds. */
  readonly hops: readonly [number, number];
}

/** Hops last 0.8 to 1.2 s. */
export function drawBouncing(draw: () => number): Bouncing {
  const first = 0.8 + 0.4 * draw();
  const start = SECONDS * draw();
  return {
    landings: [start, (start + SECONDS - first) % SECONDS],
    hops: [first, SECONDS - first],
  };
}

/** Height of a bouncing ball above the floor; a hop of a second goes up to 1, of others by the square of their length. */
export function heightOf({ landings, hops }: Bouncing): Course {
  return (time) => {
    for (let i = 0; i < 2; i++) {
      const hop = hops[i] ?? 1;
      const before = ((((landings[i] ?? 0) - time) % SECONDS) + SECONDS) % SECONDS;
      if (before > hop) continue;
      const part = before / hop;
      return hop * hop * 4 * part * (1 - part);
    }
    return 0;
  };
}
