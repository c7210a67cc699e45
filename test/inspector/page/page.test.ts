import assert from 'node:assert/strict';
import fc from 'fast-check';
import { address } from '../../../inspector/page/address.js';
import { layoutOf, scrollTo, windowOf } from '../../../inspector/page/cache/gallery-window.js';
import { readRoute, withQuery, writeRoute } from '../../../inspector/page/route.js';

describe('addresses of views', () => {
  it('are written as they are read', () => {
    for (const hash of [
      '#/cache/0/gallery',
      '#/cache/12/sample/ab_-1?mask=1&frame=3',
      '#/run/0/attention?sample=4',
    ]) {
      // prettier-ignore
      const route = readRoute(hash);
      assert.ok(route !== undefined, hash);
      assert.equal(writeRoute(route), hash);
    }
    assert.equal(readRoute('#/cache/0')?.view, 'gallery');
    assert.equal(readRoute('#/run/3')?.view, 'curves');
  });
  it('that are none are not read', () => {
    for (const hash of [
      '',
      '#',
      '#/cache',
      '#/cache/x',
      '#/cache/-1',
      '#/cache/9999999',
      '#/cache/0/nothing',
      '#/cache/0/sample',
      '#/cache/0/sample/../../etc',
      '#/disk/0',
    ])
      // prettier-ignore
      assert.equal(readRoute(hash), undefined, hash);
  });
  it('change one parameter at a time', () => {
    const route = readRoute('#/cache/0/gallery?q=a&at=7')!;
    assert.equal(writeRoute(withQuery(route, { at: undefined, label: 'x y' })), '#/cache/0/gallery?q=a&label=x+y'); // prettier-ignore
  });
  it('of questions are the same for the same question', () => {
    assert.equal(address('a', { z: 1, b: undefined, c: '' }), 'a?z=1');
    assert.equal(address('a', { z: 1, b: 2 }), address('a', { b: 2, z: 1 }));
    assert.equal(address('a'), 'a');
  });
});

describe('the window of the gallery', () => {
  const cases = fc.record({
    width: fc.integer({ min: 300, max: 2500 }),
    total: fc.integer({ min: 1, max: 3_000_000 }),
    view: fc.integer({ min: 200, max: 1500 }),
    share: fc.double({ min: 0, max: 1, noNaN: true }),
  });

  it('covers the view, in cells that fit the width, under a height that browsers bear', () => {
    fc.assert(
      fc.property(cases, ({ width, total, view, share }) => {
        const layout = layoutOf(width, total);
        assert.ok(layout.columns * layout.cell <= width && layout.height <= 8_000_000);
        const scrolled = share * Math.max(0, layout.height - view);
        const { first, last, top } = windowOf(layout, scrolled, view, 1);
        assert.ok(first >= 0 && last <= layout.rows && last > first);
        assert.ok(top <= scrolled + 1e-6, 'nothing is missing at the top');
        const bottom = top + (last - first) * layout.row;
        const end = Math.min(scrolled + view, layout.height);
        assert.ok(bottom >= end - 1e-3 || last === layout.rows, 'nothing is missing at the bottom');
        assert.ok(last - first <= view / layout.row + 5, 'no more than is needed');
      }),
    );
  });

  it('brings every row into view, the last one too', () => {
    fc.assert(
      fc.property(cases, ({ width, total, view, share }) => {
        const layout = layoutOf(width, total);
        const row = Math.floor(share * (layout.rows - 1));
        const { first, last } = windowOf(layout, scrollTo(layout, row, view), view, 0);
        assert.ok(first <= row && row < last, `${row} of ${layout.rows} in [${first}, ${last})`);
        const end = windowOf(layout, Math.max(0, layout.height - view), view, 0);
        assert.equal(end.last, layout.rows);
      }),
    );
  });
});
