import { useEffect, useRef, useState } from 'preact/hooks';
import { useMedia } from '../hooks.js';

export interface Playback {
  readonly frame: number;
  readonly playing: boolean;
  /** Seconds since the start of the span, for the cursor; that of the frame when nothing plays. */
  readonly now: number;
  readonly show: (frame: number) => void;
  readonly step: (by: number) => void;
  readonly toggle: () => void;
  /** Follows this sound while it plays. */
  readonly follow: (sound: HTMLAudioElement | null) => void;
}

/** The frame on display at a time: the last one that has begun. */
export function frameAt(times: readonly number[], time: number): number {
  let frame = 0;
  times.forEach((begins, i) => {
    if (begins <= time + 1e-6) frame = i;
  });
  return frame;
}

/**
 * Plays a clip's frames in their own time, over and over.
 * @param first frame to begin with; given, the clip stands still until it is played
 */
export function usePlayback(
  times: readonly number[],
  span: readonly [number, number],
  first: number | undefined,
  name: string,
): Playback {
  const calm = useMedia('(prefers-reduced-motion: reduce)');
  const [playing, setPlaying] = useState(false);
  const [now, setNow] = useState(0);
  const sound = useRef<HTMLAudioElement | null>(null);
  const [start, end] = span;
  const length = Math.max(0.04, end - start);
  const timeOf = (frame: number) => (times[frame] ?? start) - start;
  useEffect(() => {
    setNow(first === undefined ? 0 : timeOf(first));
    setPlaying(first === undefined && !calm);
  }, [name]);
  useEffect(() => {
    if (!playing) return;
    let last = performance.now();
    let request = requestAnimationFrame(function tick(moment: number) {
      const passed = (moment - last) / 1000;
      last = moment;
      const heard = sound.current;
      setNow(
        (before) =>
          (heard !== null && !heard.paused ? heard.currentTime : before + passed) % length,
      );
      request = requestAnimationFrame(tick);
    });
    return () => { cancelAnimationFrame(request); }; // prettier-ignore
  }, [playing, length]);
  const frame = frameAt(times, start + now);
  const show = (to: number) => {
    sound.current?.pause();
    setPlaying(false);
    setNow(timeOf((to + times.length) % Math.max(1, times.length)));
  };
  return {
    frame,
    playing,
    now,
    show,
    step: (by) => {
      show(frame + by);
    },
    toggle: () => {
      if (playing) sound.current?.pause();
      setPlaying(!playing);
    },
    follow: (heard) => {
      sound.current = heard;
      if (heard !== null) setPlaying(true);
    },
  };
}
