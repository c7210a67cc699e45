import { memo } from 'preact/compat';
import type { ListedSample } from '../../views/answers.js';
import { FLAGS } from '../../views/cache/filter.js';
import { address } from '../address.js';
import { pictureAt } from '../api.js';

interface CellProps {
  readonly cache: number;
  readonly sample: ListedSample | undefined;
  readonly place: number;
  readonly total: number;
  readonly size: number;
  readonly href: string;
  readonly current: boolean;
}

const nameOf = ({ id }: ListedSample) => id.split('/').at(-1) ?? id;

/** What is out of the ordinary with a sample, in a word each. */
function notes({ flags }: ListedSample): string[] {
  if (flags === null) return [];
  if ((flags & FLAGS.damaged) !== 0) return ['damaged'];
  return [
    (flags & FLAGS.sound) === 0 ? 'no sound' : '',
    (flags & FLAGS.substituted) === 0 ? '' : 'substituted',
    (flags & FLAGS.held) === 0 ? '' : 'held',
    (flags & FLAGS.warnings) === 0 ? '' : 'warnings',
  ].filter((note) => note !== '');
}

/** One sample in the gallery; a place in it before the sample has come. */
export const Cell = memo(function Cell(props: CellProps) {
  const { cache, sample, place, total, size, href, current } = props;
  const side = { width: `${size}px`, height: `${size}px` };
  if (sample === undefined)
    return (
      <li class="cell" style={{ width: side.width }} aria-setsize={total} aria-posinset={place + 1}>
        <span class="thumb" style={side} />
      </li>
    );
  const { index, key, id, clip, label } = sample;
  const src = pictureAt(address(`caches/${cache}/samples/${index}/thumbnail`, { key }));
  const odd = notes(sample);
  return (
    <li class="cell" style={{ width: side.width }} aria-setsize={total} aria-posinset={place + 1}>
      <a href={href} data-place={place} tabIndex={current ? 0 : -1} title={id}>
        <img
          class="thumb"
          style={side}
          src={src}
          alt=""
          width={size}
          height={size}
          decoding="async"
          draggable={false}
        />
        {odd.length > 0 && <span class="notes">{odd.join(' · ')}</span>}
        <span class="label">{label ?? 'no label'}</span>
        <span class="id">
          <span class="name">{nameOf(sample)}</span> <span>· {clip}</span>
        </span>
      </a>
    </li>
  );
});
