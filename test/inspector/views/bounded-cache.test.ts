import assert from 'node:assert/strict';
import { BoundedCache } from '../../../inspector/views/bounded-cache.js';

describe('the bounded cache', () => {
  const made: string[] = [];
  const make = (name: string) => () => {
    made.push(name);
    return Promise.resolve(name);
  };
  beforeEach(() => {
    made.length = 0;
  });
  const cacheOf = (limit: number) => new BoundedCache<string>(limit, ({ length }) => length);

  it('makes a value once, also for those who ask at the same time', async () => {
    const cache = cacheOf(10);
    assert.deepEqual(await Promise.all([cache.get('a', make('x')), cache.get('a', make('y'))]), ['x', 'x']); // prettier-ignore
    assert.equal(await cache.get('a', make('z')), 'x');
    assert.deepEqual(made, ['x']);
  });
  it('holds no more than its limit, and lets go what was not asked for the longest', async () => {
    const cache = cacheOf(6);
    await cache.get('a', make('aaa'));
    await cache.get('b', make('bbb'));
    await cache.get('a', make('again'));
    await cache.get('c', make('ccc'));
    assert.equal(cache.bytes, 6);
    assert.equal(await cache.get('a', make('lost')), 'aaa');
    assert.equal(await cache.get('b', make('new')), 'new');
  });
  it('does not keep what is larger than all of it', async () => {
    const cache = cacheOf(2);
    assert.equal(await cache.get('a', make('large')), 'large');
    assert.equal(cache.bytes, 0);
  });
  it('does not keep failures', async () => {
    const cache = cacheOf(10);
    await assert.rejects(
      cache.get('a', () => Promise.reject(new Error('no'))),
      /no/,
    );
    assert.equal(await cache.get('a', make('yes')), 'yes');
  });
});
