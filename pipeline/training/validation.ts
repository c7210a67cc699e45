import type { NamedValues } from '../../stages/train/optimizer.js';
import type { MetricsLine } from './run/run-folder.js';

/** A look at the clips for validation. */
export interface ValidationResult {
  readonly step: number;
  readonly loss: number;
  readonly top1?: number | undefined;
  /** Share of the videos whose class the nearest clips that are learned from tell. */
  readonly knn?: number | undefined;
}

/** Whether a look is better: more clips right, or as many and a lower loss. */
function isBetter(result: ValidationResult, than: ValidationResult): boolean {
  const [a, b] = [result.top1 ?? 0, than.top1 ?? 0];
  return a > b || (a === b && result.loss < than.loss);
}

/** The best of all looks, and how many came after it. */
export class BestResult {
  #best: ValidationResult | null = null;
  #since = 0;

  /** @param lines of the run so far */
  constructor(lines: readonly MetricsLine[]) {
    for (const { step, validationLoss, validationTop1 } of lines)
      if (validationLoss !== undefined)
        this.add({ step, loss: validationLoss, top1: validationTop1 });
  }

  get best(): ValidationResult | null {
    return this.#best;
  }

  /** Looks since the best one. */
  get since(): number {
    return this.#since;
  }

  /** @returns whether it is the best */
  add(result: ValidationResult): boolean {
    const better = this.#best === null || isBetter(result, this.#best);
    if (better) this.#best = result;
    this.#since = better ? 0 : this.#since + 1;
    return better;
  }
}

/** Clips that a run is measured on, and when. */
export interface Validation<B> {
  /** All of them, once; always the same. */
  batches(): AsyncIterable<B>;
  /** Steps between two looks. */
  readonly every: number;
  /** Looks without a better result after which the run ends. */
  readonly patience?: number | undefined;
  /** The share of its videos that a kNN probe tells right with these weights. */
  readonly knn?: ((state: NamedValues) => Promise<number>) | undefined;
}
