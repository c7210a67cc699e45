import { useEffect, useRef, useState } from 'preact/hooks';
import { askSound } from '../api.js';

interface SoundButtonProps {
  readonly asked: string;
  readonly onPlay: (sound: HTMLAudioElement | null) => void;
}

/** Plays the clip with its sound, which is cut out of the source again when it is asked for. */
export function SoundButton({ asked, onPlay }: SoundButtonProps) {
  const [state, setState] = useState<'quiet' | 'coming' | 'there'>('quiet');
  const [problem, setProblem] = useState('');
  const sound = useRef<HTMLAudioElement | null>(null);
  const drop = () => {
    if (sound.current === null) return;
    sound.current.pause();
    URL.revokeObjectURL(sound.current.src);
    sound.current = null;
    onPlay(null);
  };
  useEffect(() => {
    setState('quiet');
    setProblem('');
    return drop;
  }, [asked]);
  const play = async () => {
    setProblem('');
    setState('coming');
    try {
      if (sound.current === null) {
        sound.current = new Audio(await askSound(asked));
        sound.current.loop = true;
      }
      await sound.current.play();
      onPlay(sound.current);
      setState('there');
    } catch (error) {
      setState('quiet');
      setProblem((error as Error).message);
    }
  };
  return (
    <>
      <button
        type="button"
        disabled={state === 'coming'}
        onClick={() => {
          void play();
        }}
      >
        {state === 'coming' ? 'Fetching the sound …' : 'Play with sound'}
      </button>
      {problem !== '' && (
        <span class="problem" role="alert">
          {problem}
        </span>
      )}
    </>
  );
}
