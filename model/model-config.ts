import { modelSizes } from './config.js';
import { systemOf } from './systems.js';

/**
 * A model's configuration, as `run.json` holds it. Its issues name the field, what it must be, and
 * the nearest value that would be right.
 */
export const modelConfig = modelSizes.superRefine((config, context) => {
  for (const { field, message } of systemOf(config).problems(config))
    context.addIssue({ code: 'custom', path: [field], message });
});
