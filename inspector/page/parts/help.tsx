import { useEffect, useRef } from 'preact/hooks';

const KEYS: readonly (readonly [string, string])[] = [
  ['← → ↑ ↓', 'in the gallery: to another sample'],
  ['Enter', 'opens it'],
  ['/', 'search'],
  ['← →', 'on a sample: frame by frame'],
  ['Space', 'play, pause'],
  ['m', 'tube mask on, off'],
  ['j k', 'next sample, previous sample'],
  ['Esc', 'back to the gallery'],
  ['?', 'this list'],
];

export function Help({ onClose }: { onClose: () => void }) {
  const dialog = useRef<HTMLDialogElement>(null);
  useEffect(() => {
    dialog.current?.showModal();
  }, []);
  return (
    <dialog ref={dialog} onClose={onClose} aria-labelledby="help-title">
      <h2 id="help-title">Keys</h2>
      <dl class="keys">
        {KEYS.map(([key, what]) => (
          <div key={key + what}>
            <dt>
              <kbd>{key}</kbd>
            </dt>
            <dd>{what}</dd>
          </div>
        ))}
      </dl>
      <p class="faint">The address of this page shows the same view again.</p>
      <form method="dialog">
        <button type="submit" autofocus>
          Close
        </button>
      </form>
    </dialog>
  );
}
