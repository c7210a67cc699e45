import { CONTRAST_WEIGHT } from '../../model/cav-mae.js';

/**
 * Clips a batch where the loss has a part about a batch's clips together, as CAV-MAE's InfoNCE: how hard it
 * is to find a clip's own sound depends on how many there are to choose from.
 */
export const CONTRAST_CLIPS = 16;

/** The parts of CAV-MAE's loss over all clips; null where there is nothing that it could be measured on. */
export interface LossParts {
  readonly pictureLoss: number;
  /** Over the clips that are heard. */
  readonly soundLoss: number | null;
  /** InfoNCE among {@link CONTRAST_CLIPS} clips, over the batches that have as many that are heard. */
  readonly contrastLoss: number | null;
  /** Clips in these batches. */
  readonly contrastClips: number;
}

/** What is known of a batch. */
export interface BatchParts {
  readonly clips: number;
  readonly heard: number;
  /** Means over the batch: `pictureLoss`, `soundLoss` over those that are heard, `contrastLoss`. */
  readonly parts: Readonly<Record<string, number>>;
}

/** Puts the parts of a loss together over batches, each by as many clips as it is about. */
export class PartsMean {
  #clips = 0;
  #heard = 0;
  #contrast = 0;
  readonly #sums = { picture: 0, sound: 0, contrast: 0 };

  add({ clips, heard, parts }: BatchParts): void {
    this.#clips += clips;
    this.#heard += heard;
    this.#sums.picture += clips * (parts['pictureLoss'] ?? NaN);
    if (heard > 0) this.#sums.sound += heard * (parts['soundLoss'] ?? NaN);
    if (heard < CONTRAST_CLIPS) return;
    this.#contrast += heard;
    this.#sums.contrast += heard * (parts['contrastLoss'] ?? NaN);
  }

  result(): LossParts {
    const mean = (sum: number, count: number) => (count === 0 ? null : sum / count);
    return {
      pictureLoss: this.#sums.picture / this.#clips,
      soundLoss: mean(this.#sums.sound, this.#heard),
      contrastLoss: mean(this.#sums.contrast, this.#contrast),
      contrastClips: this.#contrast,
    };
  }
}

/** The loss (paper of CAV-MAE, eq. 6), without the parts that could not be measured. */
export function lossOf({ pictureLoss, soundLoss, contrastLoss }: LossParts): number {
  return pictureLoss + (soundLoss ?? 0) + CONTRAST_WEIGHT * (contrastLoss ?? 0);
}
