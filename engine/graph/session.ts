import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { encodeSavedModel, SAVED_MODEL_TAG, type GraphNode } from './graph-def.js';
import { CaptureError, type Binding, type Held } from './native.js';

/** A graph inside TensorFlow, ready to run. */
export interface Session {
  /** @param inputs numbers of tensors @returns the results, the caller's to delete */
  run(inputs: number[], inputNames: string, outputNames: string): Held[];
  dispose(): void;
}

/**
 * Loads a graph. The stock binding takes graphs as folders only, so it goes by way of one.
 * @throws CaptureError with TensorFlow's words where it refuses the graph
 */
export function openSession(binding: Binding, nodes: readonly GraphNode[]): Session {
  const folder = mkdtempSync(join(tmpdir(), 'avme-graph-'));
  let session: number;
  try {
    writeFileSync(join(folder, 'saved_model.pb'), encodeSavedModel(nodes));
    session = binding.loadSavedModel(folder, SAVED_MODEL_TAG);
  } catch (cause) {
    throw new CaptureError(`TensorFlow does not take the graph: ${(cause as Error).message}`, { cause }); // prettier-ignore
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
  return {
    run: (inputs, inputNames, outputNames) =>
      binding.runSavedModel(session, inputs, inputNames, outputNames),
    dispose() {
      binding.deleteSavedModel(session);
    },
  };
}
