/** Rate of all sound in avme, in Hz. */
export const SAMPLE_RATE = 16_000;
