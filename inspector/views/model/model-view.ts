import type { AttentionAnswer, RankedSample, RankingAnswer, ReconstructionAnswer } from '../answers.js'; // prettier-ignore
import { BoundedCache } from '../bounded-cache.js';
import type { CacheSource } from '../cache/cache-source.js';
import { ModelClient } from './client.js';
import type { ModelAnswer, ModelQuestion } from './messages.js';
import { difference, filmStrip, type PictureFormat } from '../pictures.js';
import { spreadIndices } from '../../../pipeline/reconstruct.js';

/** What is asked of a run's model. */
export interface PictureRequest {
  readonly step: number;
  readonly index: number;
  readonly maskRatio: number | undefined;
  readonly seed: number;
  readonly mute: boolean;
}

/** Brightness of the difference between what is and what was made; on its own it is nearly black. */
export const DIFFERENCE_GAIN = 2;
const HELD_BYTES = 192 * 2 ** 20;

/** The cache that a run's pictures are made from. */
export interface RunWithCache {
  readonly run: number;
  readonly folder: string;
  readonly cache: CacheSource;
}

interface Ranking {
  readonly total: number;
  readonly samples: RankedSample[];
  problem: Error | undefined;
}

const bytesOf = ({ films, shares }: ModelAnswer) =>
  1000 + (films === null ? 0 : 3 * films.original.byteLength) + (shares?.byteLength ?? 0);

/** Pictures of what trained models make of clips, worked out when they are asked for. */
export class ModelView {
  readonly #client = new ModelClient();
  readonly #answers = new BoundedCache<ModelAnswer>(HELD_BYTES, bytesOf);
  readonly #rankings = new Map<string, Ranking>();

  constructor(private readonly backend: string) {}

  async reconstruction(from: RunWithCache, request: PictureRequest): Promise<ReconstructionAnswer> {
    const { header } = await from.cache.sample(request.index);
    const { mse, maskRatio, frames, size } = await this.#ask(from, request, 'films');
    const { id, label } = header;
    const middle = header.times.length >> 1;
    const times = frames === 1 ? header.times.slice(middle, middle + 1) : header.times;
    const { step, index } = request;
    return { run: from.run, step, index, id, label, mse, maskRatio, frames, size, times };
  }

  /** Original | seen | made | difference side by side, a row a frame. */
  async films(
    from: RunWithCache,
    request: PictureRequest,
    format: PictureFormat,
    side?: number,
  ): Promise<Buffer> {
    const { films, size } = await this.#ask(from, request, 'films');
    if (films === null) throw new Error('the model was asked for films and gave none');
    const { original, seen, made } = films;
    const apart = difference(original, made, DIFFERENCE_GAIN);
    return filmStrip([original, seen, made, apart], size, size, format, side);
  }

  async attention(from: RunWithCache, request: PictureRequest): Promise<AttentionAnswer> {
    const { header } = await from.cache.sample(request.index);
    const { shares, mask, frames, tubelet } = await this.#ask(from, request, 'attention');
    const { shape } = (await from.cache.reader()).manifest;
    if (shares === null) throw new Error('the model was asked for its attention and gave none');
    const slots = frames / tubelet;
    const tokens = slots * mask.length;
    return {
      step: request.step,
      index: request.index,
      square: shape.size / Math.min(header.height, header.width),
      slots,
      positions: mask.length,
      tubelet,
      audioPresent: header.flags.audioPresent && !request.mute,
      mask: mask.join(''),
      shares: Array.from(shares, (share) => Number((share * tokens).toPrecision(4))),
      times: header.times,
    };
  }

  /** Reconstruction errors of samples spread over the cache, as far as they are worked out. */
  async ranking(from: RunWithCache, step: number, count: number): Promise<RankingAnswer> {
    const { size } = await from.cache.reader();
    const name = JSON.stringify([from.folder, from.cache.folder, step, count, size]);
    let ranking = this.#rankings.get(name);
    if (ranking === undefined) {
      const indices = spreadIndices(size, count);
      ranking = { total: indices.length, samples: [], problem: undefined };
      this.#rankings.set(name, ranking);
      void this.#rank(from, step, indices, ranking);
    }
    if (ranking.problem !== undefined) {
      this.#rankings.delete(name);
      throw ranking.problem;
    }
    const samples = ranking.samples.toSorted((a, b) => b.mse - a.mse);
    return { step, total: ranking.total, done: samples.length, samples };
  }

  close(): void {
    this.#client.close();
  }

  async #rank(
    from: RunWithCache,
    step: number,
    indices: readonly number[],
    ranking: Ranking,
  ): Promise<void> {
    try {
      for (const index of indices) {
        const request = { step, index, maskRatio: undefined, seed: 0, mute: false };
        const { mse } = await this.#ask(from, request, 'error', false);
        const { key, id, clip, label } = (await from.cache.reader()).entry(index);
        ranking.samples.push({ index, key, id, clip, label, mse });
      }
    } catch (error) {
      ranking.problem = error as Error;
    }
  }

  #ask(
    { folder, cache }: RunWithCache,
    request: PictureRequest,
    want: ModelQuestion['want'],
    urgent = true,
  ): Promise<ModelAnswer> {
    const question = { ...request, run: folder, cache: cache.folder, backend: this.backend, want };
    return this.#answers.get(JSON.stringify(question), () => this.#client.ask(question, urgent));
  }
}
