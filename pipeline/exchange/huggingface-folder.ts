import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { writeAtomically } from '../../cache/folder/atomic-file.js';
import type { ClassifierConfig } from '../../model/classifier.js';
import type { ModelConfig } from '../../model/config.js';
import { IMAGENET_MEAN, IMAGENET_STD } from '../../model/layers/patch.js';
import { modelConfig } from '../../model/model-config.js';
import { classifierSpecs, pretrainSpecs } from '../../model/systems.js';
import { writeSafetensors } from '../../model/weights/safetensors.js';
import { toHuggingFaceNames } from '../../model/weights/weight-names.js';
import { readWeightsOf, type CheckpointChoice } from '../evaluate/weights.js';
import { sizeOf, type Conversion } from '../convert.js';
import { readRun } from '../training/run/run-folder.js';

export interface HuggingFaceRequest {
  /** Run folder of VideoMAE (`--variant v`), or of a classifier that sees the picture alone. */
  readonly run: string;
  /** The folder to write. */
  readonly output: string;
  /** Default `best` where there is one, else `last`. */
  readonly checkpoint?: CheckpointChoice | undefined;
  /** Averaged weights, where the run kept them. Default true. */
  readonly ema?: boolean | undefined;
}

/** transformers' `VideoMAEConfig` of a model. */
function configJson(config: ModelConfig, names: readonly string[] | undefined) {
  const { width, decoderWidth } = config;
  return {
    architectures: [names === undefined ? 'VideoMAEForPreTraining' : 'VideoMAEForVideoClassification'], // prettier-ignore
    model_type: 'videomae',
    image_size: config.imageSize,
    patch_size: config.patch,
    num_channels: 3,
    num_frames: config.frames,
    tubelet_size: config.tubelet,
    hidden_size: width,
    num_hidden_layers: config.depth,
    num_attention_heads: config.heads,
    intermediate_size: 4 * width,
    hidden_act: 'gelu',
    layer_norm_eps: 1e-6,
    qkv_bias: true,
    // A classifier takes the mean of the tokens; in pre-training, they are normalised one by one.
    use_mean_pooling: names !== undefined,
    decoder_num_attention_heads: config.decoderHeads,
    decoder_hidden_size: decoderWidth,
    decoder_num_hidden_layers: config.decoderDepth,
    decoder_intermediate_size: 4 * decoderWidth,
    norm_pix_loss: config.target === 'normalised',
    ...(names && {
      id2label: Object.fromEntries(names.map((name, i) => [String(i), name])),
      label2id: Object.fromEntries(names.map((name, i) => [name, i])),
    }),
  };
}

/** How transformers makes frames ready: as avme does with square frames. */
const preprocessorJson = ({ imageSize }: ModelConfig) => ({
  image_processor_type: 'VideoMAEImageProcessor',
  do_resize: true,
  size: { shortest_edge: imageSize },
  resample: 2,
  do_center_crop: true,
  crop_size: { height: imageSize, width: imageSize },
  do_rescale: true,
  rescale_factor: 1 / 255,
  do_normalize: true,
  image_mean: IMAGENET_MEAN,
  image_std: IMAGENET_STD,
});

/** @throws Error saying what transformers' model has no place for */
function checkRun(run: string, { variant }: ModelConfig, head: ClassifierConfig | undefined): void {
  const alone = head === undefined ? variant === 'v' : head.fusion === 'picture' && variant !== 'cav-mae'; // prettier-ignore
  if (!alone)
    throw new Error(
      `${run}: transformers' VideoMAE hears nothing, and this run (${variant}${head === undefined ? '' : `, ${head.fusion}`}) does; ` +
        'take a run of --variant v or a classifier of --fusion picture, or its weights alone: avme convert CHECKPOINT OUT.safetensors --names huggingface',
    );
}

const json = (value: object) => `${JSON.stringify(value, null, 2)}\n`;

/**
 * Writes a run as a folder that transformers' `VideoMAEForPreTraining` or
 * `VideoMAEForVideoClassification` loads by `from_pretrained`: `config.json`,
 * `preprocessor_config.json` and `model.safetensors`.
 * @throws Error when the folder holds no run, or one that hears
 */
export async function writeHuggingFaceFolder(request: HuggingFaceRequest): Promise<Conversion> {
  const { run, output, checkpoint, ema } = request;
  const description = await readRun(run);
  const config = modelConfig.parse(description.model);
  const { classifier } = description;
  checkRun(run, config, classifier?.head);
  const specs = classifier === undefined ? pretrainSpecs(config) : classifierSpecs(config, classifier.head); // prettier-ignore
  const wanted = new Set(specs.map(({ name }) => name));
  const { tensors } = await readWeightsOf(run, checkpoint, ema);
  const weights = toHuggingFaceNames(new Map([...tensors].filter(([name]) => wanted.has(name))));
  await mkdir(output, { recursive: true });
  await writeAtomically(join(output, 'config.json'), json(configJson(config, classifier?.classes)));
  await writeAtomically(join(output, 'preprocessor_config.json'), json(preprocessorJson(config)));
  await writeSafetensors(join(output, 'model.safetensors'), weights, { format: 'pt' });
  return { from: 'original', to: 'huggingface', ...sizeOf(weights), left: [] };
}
