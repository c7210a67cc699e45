import assert from 'node:assert/strict';
import fc from 'fast-check';
import {
  filterTest,
  FLAGS,
  NONE,
  readFilter,
  writeFilter,
} from '../../../../inspector/views/cache/filter.js';

const sample = {
  id: 'Drumming/v_1.avi',
  path: '/data/ucf/Drumming/v_1.avi',
  label: 'Drumming',
  split: null,
  flags: FLAGS.sound | FLAGS.held,
};
const passes = (query: string) => filterTest(readFilter(new URLSearchParams(query)))(sample);

describe('filters of samples', () => {
  it('let everything pass that they do not speak of', () => {
    assert.ok(passes(''));
    assert.ok(passes('from=3&count=9'));
  });
  it('search path, id and label in any case', () => {
    for (const query of ['q=DRUM', 'q=/data/UCF', 'q=v_1.avi']) assert.ok(passes(query), query);
    assert.ok(!passes('q=violin'));
  });
  it('take label and split literally, and know those that have none', () => {
    assert.ok(passes('label=Drumming') && !passes('label=Drum') && !passes('label=drumming'));
    assert.ok(passes(`split=${encodeURIComponent(NONE)}`) && !passes('split=train'));
    assert.ok(!passes(`label=${encodeURIComponent(NONE)}`));
  });
  it('want flags, and do not want those with a minus', () => {
    assert.ok(passes('flags=sound') && passes('flags=sound,held') && passes('flags=-warnings'));
    assert.ok(
      !passes('flags=-sound') && !passes('flags=sound,warnings') && !passes('flags=damaged'),
    );
    assert.ok(passes('flags=nonsense'), 'an unknown flag is none');
  });
  it('are written as they are read', () => {
    const text = fc.string({ maxLength: 8 });
    const flag = fc.constantFrom('sound', '-sound', 'held', '-damaged');
    fc.assert(
      fc.property(text, text, text, fc.uniqueArray(flag), (q, label, split, flags) => {
        const query = new URLSearchParams({ q, label, split, flags: flags.join() });
        const filter = readFilter(query);
        assert.deepEqual(readFilter(new URLSearchParams(writeFilter(filter))), filter);
      }),
    );
  });
});
