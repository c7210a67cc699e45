import type { NamedArray } from './safetensors.js';

/** `original`: MCG-NJU/VideoMAE's and ours; `huggingface`: transformers' VideoMAE. */
export type Naming = 'original' | 'huggingface';

/** Parts of a block: ours, theirs. Weights and biases follow. */
const BLOCK = [
  ['attn.proj', 'attention.output.dense'],
  ['attn.q_bias', 'attention.attention.q_bias'],
  ['attn.v_bias', 'attention.attention.v_bias'],
  ['mlp.fc1', 'intermediate.dense'],
  ['mlp.fc2', 'output.dense'],
  ['norm1', 'layernorm_before'],
  ['norm2', 'layernorm_after'],
] as const;

/** What stands in front: ours, theirs. `ENCODER` is `encoder.` in pre-training, nothing in classification. */
const OUTER = [
  ['ENCODERpatch_embed.proj', 'videomae.embeddings.patch_embeddings.projection'],
  ['ENCODERblocks.', 'videomae.encoder.layer.'],
  ['ENCODERnorm', 'videomae.layernorm'],
  ['decoder.blocks.', 'decoder.decoder_layers.'],
  ['head', 'classifier'],
] as const;

const QKV = '.attn.qkv.weight';
const PARTS = ['query', 'key', 'value'] as const;
/** Newer versions of transformers keep the biases where a linear map has them. */
const NEWER_BIAS = /\.attention\.attention\.(query|key|value)\.bias$/;
/** TalkNet-ASD's name of its audio encoder, in a checkpoint of the whole. */
const TALKNET = /^(model\.)?audioEncoder\./;
/** Fixed tables, which are computed here. */
const TABLES = /(^|\.)(pos_embed|position_embeddings|decoder_pos_embed)$/;

export function namingOf(names: Iterable<string>): Naming {
  return [...names].some((name) => name.startsWith('videomae.')) ? 'huggingface' : 'original';
}

const swap = (name: string, from: 0 | 1, encoder: string): string => {
  const to = from === 0 ? 1 : 0;
  const fill = (text: string) => text.replace('ENCODER', encoder);
  for (const pair of OUTER) {
    const front = fill(pair[from]);
    const fits = name.startsWith(front) && /^(\.|\d|$)/.test(name.slice(front.length));
    if (!fits) continue;
    const rest = name.slice(front.length);
    const block = /^(\d+\.)(.*)$/.exec(rest);
    const inner = block?.[2] ?? '';
    const part = BLOCK.find((one) => inner === one[from] || inner.startsWith(`${one[from]}.`));
    const renamed = part === undefined ? inner : part[to] + inner.slice(part[from].length);
    return fill(pair[to]) + (block === null ? rest : (block[1] ?? '') + renamed);
  }
  return name;
};

/** One matrix over the other. @throws RangeError when their widths differ */
function stack(name: string, parts: readonly (NamedArray | undefined)[]): NamedArray {
  const width = parts[0]?.shape[1] ?? 0;
  if (parts.some((part) => part?.shape.length !== 2 || part.shape[1] !== width))
    throw new RangeError(`${name}: query, key and value are not three matrices of one width`);
  const whole = parts.filter((part) => part !== undefined);
  const data = new Float32Array(whole.reduce((sum, part) => sum + part.data.length, 0));
  let at = 0;
  for (const part of whole) {
    data.set(part.data, at);
    at += part.data.length;
  }
  return { shape: [data.length / Math.max(1, width), width], data };
}

/** What a conversion came to. */
export interface RenamedWeights {
  readonly tensors: Map<string, NamedArray>;
  /** Names that were left out: position tables, and key biases, which are zero. */
  readonly left: readonly string[];
}

/**
 * Weights under the original's names, whatever names they come with; what has no other name keeps its own.
 * @throws RangeError when query, key and value of a block do not fit together, or a key has a bias
 */
export function toOriginalNames(tensors: ReadonlyMap<string, NamedArray>): RenamedWeights {
  const bare = new Map(
    [...tensors].map(([name, tensor]) => [
      name.replace(/^(module|_orig_mod)\./, '').replace(TALKNET, 'audio_encoder.'),
      tensor,
    ]),
  );
  const theirs = namingOf(bare.keys()) === 'huggingface';
  const encoder = bare.has('encoder_to_decoder.weight') ? 'encoder.' : '';
  const out = new Map<string, NamedArray>();
  const left: string[] = [];
  for (const [name, tensor] of bare) {
    const bias = NEWER_BIAS.exec(name)?.[1];
    const part = /^(.*)\.attention\.attention\.(query|key|value)\.weight$/.exec(name);
    if (TABLES.test(name)) left.push(name);
    else if (!theirs) out.set(name, tensor);
    else if (bias === 'key') {
      if (tensor.data.some((value) => value !== 0))
        throw new RangeError(`${name} is not zero: VideoMAE's keys have no bias`);
      left.push(name);
    } else if (bias !== undefined)
      out.set(swap(name.replace(NEWER_BIAS, `.attention.attention.${bias.slice(0, 1)}_bias`), 1, encoder), tensor); // prettier-ignore
    else if (part === null) out.set(swap(name, 1, encoder), tensor);
    else if (part[2] === 'query') {
      const front = `${part[1] ?? ''}.attention.attention`;
      const whole = PARTS.map((one) => bare.get(`${front}.${one}.weight`));
      out.set(swap(part[1] ?? '', 1, encoder) + QKV, stack(front, whole));
    }
  }
  return { tensors: out, left };
}

/** The inverse of {@link toOriginalNames}: weights under the names of transformers. */
export function toHuggingFaceNames(tensors: ReadonlyMap<string, NamedArray>): Map<string, NamedArray> {
  const encoder = tensors.has('encoder_to_decoder.weight') && [...tensors.keys()].some((name) => name.startsWith('encoder.')) ? 'encoder.' : ''; // prettier-ignore
  const out = new Map<string, NamedArray>();
  for (const [name, tensor] of tensors) {
    if (!name.endsWith(QKV)) {
      out.set(swap(name, 0, encoder), tensor);
      continue;
    }
    const front = swap(name.slice(0, -QKV.length), 0, encoder);
    const [rows = 0, width = 0] = tensor.shape;
    PARTS.forEach((part, i) => {
      const data = tensor.data.slice((i * rows * width) / 3, ((i + 1) * rows * width) / 3);
      out.set(`${front}.attention.attention.${part}.weight`, { shape: [rows / 3, width], data });
    });
  }
  return out;
} // prettier-ignore
