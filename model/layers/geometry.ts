import type { ModelConfig } from '../config.js';

/** Temporal slots of tubelets, T/2. */
export const slotsOf = (config: ModelConfig) => config.frames / config.tubelet;

/** Spatial positions of a slot. */
export const positionsOf = (config: ModelConfig) => (config.imageSize / config.patch) ** 2;

/** Values of a tubelet: 2·16·16·3 = 1536. */
export const tubeletValues = (config: ModelConfig) => config.tubelet * config.patch ** 2 * 3;
