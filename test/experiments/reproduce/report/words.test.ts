import assert from 'node:assert/strict';
import { errorText, percentText } from '../../../../experiments/reproduce/report/words.js';

const bySeed = (...values: number[]) => new Map(values.map((value, seed) => [seed, value]));

describe('means over seeds in a report', () => {
  it('have intervals that end where a share does', () => {
    // Student's interval of these ends at 107.0: one seed of five went wrong.
    assert.equal(percentText(bySeed(0.9875, 0.9775, 0.9745, 0.727, 0.9805)), '92.9 [78.9, 100.0]');
    assert.equal(percentText(bySeed(0, 0.02)), '1.0 [0.0, 13.7]');
  });

  it('have intervals that do not end below no error', () => {
    assert.equal(errorText(bySeed(0.001, 0.003)), '2.00 [0.00, 14.71]');
  });

  it('have no interval of one seed', () => {
    assert.equal(percentText(bySeed(0.5)), '50.0');
  });
});
