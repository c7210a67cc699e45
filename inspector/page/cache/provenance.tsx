import type { SampleAnswer } from '../../views/answers.js';
import { Fields } from '../parts/figures.js';

const seconds = (time: number | null) => (time === null ? null : `${time.toFixed(3)} s`);

/** Where a sample comes from, and what tells that it is whole. */
export function Provenance({ sample }: { sample: SampleAnswer }) {
  const { start, end, span, warnings } = sample;
  const segment = start === null && end === null ? null : `${seconds(start) ?? 'start'} – ${seconds(end) ?? 'end'}`; // prettier-ignore
  return (
    <>
      {warnings.length > 0 && (
        <section>
          <h2>What the decoder said</h2>
          <pre>{warnings.join('\n')}</pre>
        </section>
      )}
      <div class="panels">
        <Fields
          caption="Where it comes from"
          fields={{
            video: sample.path,
            id: sample.id,
            label: sample.label ?? 'none',
            split: sample.split ?? 'none',
            clip: sample.clip,
            span: `${seconds(span[0]) ?? ''} – ${seconds(span[1]) ?? ''}`,
            ...(segment === null ? {} : { segment }),
            frames: `${sample.times.length} of ${sample.width} × ${sample.height} pixels`,
            sound: sample.audioPresent ? 'yes' : 'none',
            'frames substituted': sample.substituted,
            'last frame held': sample.held,
          }}
        />
        <Fields
          caption="Checksums"
          fields={{
            record: 'verified as it was read',
            key: sample.key,
            'video’s content': sample.contentHash,
            'cache’s fingerprint': sample.fingerprint,
            'sample number': sample.index,
          }}
        />
      </div>
    </>
  );
}
