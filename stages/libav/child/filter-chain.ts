import { AV, type FilterContext, type FilterGraph, type Frame, type Libav } from '../binding.js';
import { checked, Refusal } from './refusal.js';

/** A chain of libav's filters, from frames of one form to what the filters make of them. */
export class FilterChain {
  readonly #graph: FilterGraph;
  readonly #source: FilterContext;
  readonly #sink: FilterContext;
  readonly #out: Frame;

  /**
   * @param kind `buffer` for pictures, `abuffer` for sound
   * @param form of the frames that come in, as the options of such a filter
   */
  constructor(libav: Libav, kind: 'buffer' | 'abuffer', form: string, filters: string) {
    const graph = (this.#graph = new libav.FilterGraph());
    graph.alloc();
    graph.nbThreads = 1;
    const create = (filter: string, name: string, args: string | null) => {
      const found = libav.Filter.getByName(filter);
      const context = found === null ? null : graph.createFilter(found, name, args);
      if (context === null) throw new Refusal(`the filter ${filter} cannot be made of ${args ?? 'nothing'}`); // prettier-ignore
      return context;
    };
    this.#source = create(kind, 'in', form);
    this.#sink = create(`${kind}sink`, 'out', null);
    const end = (name: string, filterCtx: FilterContext) => {
      const pad = new libav.FilterInOut();
      pad.alloc();
      return Object.assign(pad, { name, filterCtx, padIdx: 0 });
    };
    // By the names of the ends that the chain is put between.
    checked(graph.parsePtr(filters, end('out', this.#sink), end('in', this.#source)), 'the chain of filters'); // prettier-ignore
    checked(graph.configSync(), 'the chain of filters');
    this.#out = new libav.Frame();
    this.#out.alloc();
  }

  /**
   * @param frame null: no further one comes
   * @param onFrame is given each frame that comes out, for as long as it runs
   * @returns false where the filters take no more
   */
  push(frame: Frame | null, onFrame: (out: Frame) => void): boolean {
    const result = this.#source.buffersrcAddFrameSync(frame, 0);
    const ended = result === AV.endOfFile;
    if (!ended) checked(result, 'filtering');
    while (this.#sink.buffersinkGetFrameSync(this.#out) >= 0) {
      onFrame(this.#out);
      this.#out.unref();
    }
    return !ended;
  }

  free(): void {
    this.#out.free();
    this.#graph.free();
  }
}
