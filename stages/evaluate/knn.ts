import * as tf from '@tensorflow/tfjs-core';
import { Largest, unit, type Neighbour } from '../search/nearest.js';

export interface KnnOptions {
  /** Neighbours that vote. */
  readonly k: number;
  /** Temperature of their votes. */
  readonly tau: number;
  readonly classes: number;
}

/** Vectors with labels, of which each new vector asks the nearest for its class. */
export interface KnnClassifier {
  /** @param vectors `[labels.length, width]` */
  add(vectors: Float32Array, labels: readonly number[]): void;
  /**
   * @param vectors `[n, width]`
   * @returns `[n, classes]`: the votes of each, which sum to 1
   * @throws RangeError when there is nobody to ask
   */
  scores(vectors: Float32Array): Promise<Float32Array>;
  dispose(): void;
}

/** Rows of the bank in one product: with 256 queries, 16 MB of similarities. */
const BLOCK = 16_384;

/**
 * What the neighbours vote for: the weight of each is `exp(similarity / tau)` (DINO, Caron et al.
 * 2021, appendix E).
 * @returns one share a class; they sum to 1
 */
export function vote(
  neighbours: readonly Neighbour[],
  labels: readonly number[],
  { classes, tau }: Pick<KnnOptions, 'classes' | 'tau'>,
): Float32Array {
  const votes = new Float64Array(classes);
  // The nearest has weight 1, so that no temperature makes a weight infinite.
  const nearest = neighbours[0]?.similarity ?? 0;
  for (const { index, similarity } of neighbours) {
    const label = labels[index] ?? -1;
    votes[label] = (votes[label] ?? 0) + Math.exp((similarity - nearest) / tau);
  }
  const all = votes.reduce((sum, weight) => sum + weight, 0);
  return Float32Array.from(votes, (weight) => weight / all);
}

/** `[n, width]`, each row scaled to length 1. */
function unitRows(vectors: Float32Array, rows: number): Float32Array {
  const width = vectors.length / rows;
  const scaled = new Float32Array(vectors.length);
  for (let at = 0; at < vectors.length; at += width)
    scaled.set(unit(vectors.subarray(at, at + width)), at);
  return scaled;
}

/** A classifier by the nearest neighbours in cosine similarity; exact, by products of matrices. */
export function createKnn({ k, tau, classes }: KnnOptions): KnnClassifier {
  const blocks: { readonly vectors: tf.Tensor2D; readonly rows: number }[] = [];
  const labels: number[] = [];
  let pending: Float32Array[] = [];
  let width = 0;

  /** Makes one matrix of what was added since the last one. */
  function seal(): void {
    const rows = labels.length - blocks.reduce((sum, block) => sum + block.rows, 0);
    if (rows === 0) return;
    const joined = new Float32Array(rows * width);
    let at = 0;
    for (const part of pending) {
      joined.set(part, at);
      at += part.length;
    }
    pending = [];
    blocks.push({ vectors: tf.tensor2d(joined, [rows, width]), rows });
  }

  return {
    add(vectors, of) {
      width = vectors.length / of.length;
      pending.push(unitRows(vectors, of.length));
      for (const label of of) labels.push(label);
      if (pending.reduce((sum, { length }) => sum + length, 0) >= BLOCK * width) seal();
    },
    async scores(vectors) {
      seal();
      if (labels.length === 0) throw new RangeError('knn: there is no vector to compare with');
      const queries = vectors.length / width;
      const nearest = Array.from({ length: queries }, () => new Largest(k));
      const asked = tf.tensor2d(unitRows(vectors, queries), [queries, width]);
      try {
        for (const block of blocks) {
          const product = tf.matMul(asked, block.vectors, false, true);
          const similarities = (await product.data()) as Float32Array;
          product.dispose();
          nearest.forEach((best, i) => {
            for (let j = i * block.rows; j < (i + 1) * block.rows; j++)
              best.offer(similarities[j] as number);
          });
        }
      } finally {
        asked.dispose();
      }
      const scores = new Float32Array(queries * classes);
      nearest.forEach(({ result }, i) => { scores.set(vote(result, labels, { classes, tau }), i * classes); }); // prettier-ignore
      return scores;
    },
    dispose() {
      tf.dispose(blocks.map((block) => block.vectors));
    },
  };
}
