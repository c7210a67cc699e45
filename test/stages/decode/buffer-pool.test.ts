import assert from 'node:assert/strict';
import { BufferPool } from '../../../stages/decode/buffer-pool.js';

describe('memory that is used again', () => {
  it('is lent to one at a time', () => {
    const pool = new BufferPool();
    const [first, second] = [pool.take(8), pool.take(8)];
    assert.notEqual(first, second);
    pool.giveBack(first);
    assert.equal(pool.take(8), first);
    assert.notEqual(pool.take(8), first);
  });

  it('has the size that was asked for', () => {
    const pool = new BufferPool();
    pool.giveBack(pool.take(8));
    assert.equal(pool.take(9).length, 9);
    assert.equal(pool.take(0).length, 0);
  });

  it('is not lent twice when it is given back twice', () => {
    const pool = new BufferPool();
    const buffer = pool.take(8);
    pool.giveBack(buffer);
    pool.giveBack(buffer);
    assert.equal(pool.take(8), buffer);
    assert.notEqual(pool.take(8), buffer);
  });

  it('is never what somebody else made', () => {
    const pool = new BufferPool();
    const [own, part] = [Buffer.alloc(8), pool.take(16).subarray(0, 8)];
    pool.giveBack(own);
    pool.giveBack(part);
    pool.giveBack(new Uint8Array(8));
    const taken = pool.take(8);
    assert.ok(taken !== own && taken !== part);
  });
});
