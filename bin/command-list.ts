import type { DefinedCommand } from './cli/command.js';

/** A command as the help lists it; what it needs is loaded when it is run. */
export interface CommandEntry {
  readonly name: string;
  readonly summary: string;
  readonly load: () => Promise<DefinedCommand>;
}

/**
 * Every command, in the order of the help. Those that need no model import the files of `pipeline/` that
 * they use, not its index: that brings TensorFlow.js, half a second and 57 MB in every process.
 */
export const COMMANDS: readonly CommandEntry[] = [
  {
    name: 'preprocess',
    summary: 'Turns videos into a cache of clips: frames, tube masks and MFCCs.',
    load: async () => (await import('./commands/preprocess.js')).preprocessCommand,
  },
  {
    name: 'plan',
    summary: 'Divides a data set into parts, for any number of machines to work on.',
    load: async () => (await import('./commands/plan.js')).planCommand,
  },
  {
    name: 'work',
    summary: 'Preprocesses parts of a plan until there are none left; run it on every machine.',
    load: async () => (await import('./commands/work.js')).workCommand,
  },
  {
    name: 'status',
    summary: 'Shows how far the machines are that work on a plan.',
    load: async () => (await import('./commands/status.js')).statusCommand,
  },
  {
    name: 'merge',
    summary: 'Makes one cache of the parts that several processes have made, without copying data.',
    load: async () => (await import('./commands/merge.js')).mergeCommand,
  },
  {
    name: 'pretrain',
    summary:
      'Learns from a cache by reconstructing the video it does not see, with the sound’s help.',
    load: async () => (await import('./commands/pretrain.js')).pretrainCommand,
  },
  {
    name: 'finetune',
    summary: 'Trains a classifier of labelled clips, on top of a pre-trained model.',
    load: async () => (await import('./commands/finetune.js')).finetuneCommand,
  },
  {
    name: 'evaluate',
    summary:
      'Measures a run on samples of a cache: accuracy of a classifier, error of a reconstruction.',
    load: async () => (await import('./commands/evaluate.js')).evaluateCommand,
  },
  {
    name: 'predict',
    summary: 'Classifies videos that no cache holds: files, folders, lists, or paths on stdin.',
    load: async () => (await import('./commands/predict.js')).predictCommand,
  },
  {
    name: 'embed',
    summary: 'Represents clips by vectors, of a cache or of videos, for search and other tools.',
    load: async () => (await import('./commands/embed.js')).embedCommand,
  },
  {
    name: 'search',
    summary: 'Finds the clips of an embedded collection that are most like a video or a clip.',
    load: async () => (await import('./commands/search.js')).searchCommand,
  },
  {
    name: 'reconstruct',
    summary: 'Draws a trained model’s reconstructions of clips that it sees a tenth of.',
    load: async () => (await import('./commands/reconstruct.js')).reconstructCommand,
  },
  {
    name: 'reproduce',
    summary:
      'Runs the paper’s comparisons on a cache: trains all systems from several seeds, measures them, writes a report.',
    load: async () => (await import('./commands/reproduce.js')).reproduceCommand,
  },
  {
    name: 'convert',
    summary: 'Writes weights of ours or of the PyTorch world as safetensors, under either naming.',
    load: async () => (await import('./commands/convert.js')).convertCommand,
  },
  {
    name: 'inspect',
    summary:
      'Shows what caches and runs hold: as a page in the browser, as files, or in the terminal.',
    load: async () => (await import('./commands/inspect.js')).inspectCommand,
  },
  {
    name: 'verify',
    summary: 'Reads every sample of a cache and checks it; can take out what is bad.',
    load: async () => (await import('./commands/verify.js')).verifyCommand,
  },
  {
    name: 'export',
    summary: 'Writes a cache as WebDataset tars, or one sample for NumPy.',
    load: async () => (await import('./commands/export.js')).exportCommand,
  },
  {
    name: 'import',
    summary: 'Puts the samples of WebDataset tars into a cache.',
    load: async () => (await import('./commands/import.js')).importCommand,
  },
  {
    name: 'configs',
    summary: 'Lists the presets: recipes that every command takes as --config NAME.',
    load: async () => (await import('./commands/configs.js')).configsCommand,
  },
  {
    name: 'setup',
    summary: 'Gets native TensorFlow: about ten times as fast as what avme comes with.',
    load: async () => (await import('./commands/setup.js')).setupCommand,
  },
  {
    name: 'doctor',
    summary: 'Shows what this machine has for avme, and what to do next for more speed.',
    load: async () => (await import('./commands/doctor.js')).doctorCommand,
  },
  {
    name: 'demo',
    summary:
      'The whole product once: makes videos, preprocesses, pretrains, reconstructs. Minutes on two cores.',
    load: async () => (await import('./commands/demo.js')).demoCommand,
  },
  {
    name: 'evidence',
    summary:
      'Makes an audio-visual data set that shows whether the sound helps: 12 classes whose chance levels are known.',
    load: async () => (await import('./commands/evidence.js')).evidenceCommand,
  },
];
