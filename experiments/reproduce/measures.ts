import { type SystemName } from '../../model/config.js';

import type { AudioChoice } from '../../stages/batch/clip-parts.js';
import type { Classification, Results, RunResult } from './results.js';
import type { BySeed } from './statistics.js';

/** A system as it was trained. */
export interface Trained {
  readonly variant: SystemName;
  /** Default `own`. */
  readonly sound?: AudioChoice;
  /** Default the ratio of the comparison. */
  readonly maskRatio?: number;
  /** With the weights of cross-attention in a deeper decoder. */
  readonly sizeMatched?: true;
}

/** How it is looked at; default with the sound that it was trained with, on good pictures. */
export interface View {
  readonly sound?: AudioChoice;
  readonly maskRatio?: number;
  readonly blur?: number;
  readonly lowRes?: number;
}

/** What results say of systems, by seed; empty where something was not run. */
export class Measures {
  constructor(readonly results: Results) {}

  runs({ variant, sound = 'own', maskRatio = this.results.protocol.maskRatio, sizeMatched }: Trained): RunResult[] {
    return this.results.runs.filter(
      (run) => run.variant === variant && run.sound === sound && run.maskRatio === maskRatio && (run.decoderDepth !== undefined) === (sizeMatched ?? false),
    );
  } // prettier-ignore

  /** Squared error of masked pixels, 0..1. */
  mse(trained: Trained, look: View = {}): BySeed {
    const { sound = trained.sound ?? 'own', maskRatio = this.results.protocol.maskRatio } = look;
    return this.bySeed(trained, ({ reconstructions }) => reconstructions.find((one) => one.sound === sound && one.maskRatio === maskRatio)?.mse); // prettier-ignore
  }

  top1(trained: Trained, look: View = {}): BySeed {
    return this.classified(trained, look, ({ top1 }) => top1);
  }

  top5(trained: Trained): BySeed {
    return this.classified(trained, {}, ({ top5 }) => top5);
  }

  /** Which videos were right, and how many there were, by seed. */
  right(
    trained: Trained,
    { sound = trained.sound ?? 'own' }: View = {},
  ): ReadonlyMap<number, string> {
    return new Map(
      this.runs(trained).flatMap(({ seed, classifications }) => {
        const found = classifications.find((one) => one.sound === sound && one.blur === 0 && one.lowRes === 1); // prettier-ignore
        return found === undefined ? [] : [[seed, found.right] as const];
      }),
    );
  }

  /** Mean accuracy of some of the classes. */
  classes(trained: Trained, chosen: readonly number[]): BySeed {
    return this.classified(trained, {}, ({ perClass }) => {
      const fractions = chosen.flatMap((i) => perClass[i] ?? []);
      return fractions.length === 0
        ? undefined
        : fractions.reduce((sum, fraction) => sum + fraction, 0) / fractions.length;
    });
  }

  private classified(
    trained: Trained,
    { sound = trained.sound ?? 'own', blur = 0, lowRes = 1 }: View,
    of: (one: Classification) => number | undefined,
  ): BySeed {
    return this.bySeed(trained, ({ classifications }) => {
      const found = classifications.find((one) => one.sound === sound && one.blur === blur && one.lowRes === lowRes); // prettier-ignore
      return found && of(found);
    });
  }

  private bySeed(trained: Trained, of: (run: RunResult) => number | undefined): BySeed {
    return new Map(
      this.runs(trained).flatMap((run) => {
        const value = of(run);
        return value === undefined ? [] : [[run.seed, value] as const];
      }),
    );
  }
}
