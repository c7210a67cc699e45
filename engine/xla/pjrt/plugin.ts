import { existsSync } from 'node:fs';
import koffi from 'koffi';
import { codeOf, XlaError } from './error.js';
import { API_MAJOR, decodeStruct, encodeStruct, OLDEST_MINOR, readTable, TABLE_SIZE, isMemory, type ApiTable, type FunctionName, type GivenValues, type Memory, type StructValues } from './structs.js'; // prettier-ignore

/** All functions take a pointer to their arguments; nearly all return an error, or null. */
const FUNCTION = koffi.proto('void *PjrtFunction(void *args)');

type NativeFunction = ((args: Buffer) => bigint | null) & {
  async: (args: Buffer, done: (error: Error | null, result: bigint | null) => void) => void;
};

/** What calls in progress read and write by address alone: nothing else keeps it from being collected. */
const inUse = new Set<readonly Memory[]>();

/** Runs a call that holds on to memory. */
function holding<T>(values: GivenValues, held: readonly Memory[], call: () => T): T {
  const all = [...Object.values(values).filter(isMemory), ...held];
  inUse.add(all);
  const release = () => inUse.delete(all);
  try {
    const made = call();
    if (made instanceof Promise) return made.finally(release) as T;
    release();
    return made;
  } catch (error) {
    release();
    throw error;
  }
}

/** Text at an address, which need not end in 0. */
export const textAt = (address: unknown, size: unknown): string =>
  address === null ? '' : koffi.decode.string(address, size as number);

function checkTable(file: string, { size, version, functions }: ApiTable): void {
  const { major, minor } = version;
  const has = `${file} speaks version ${major}.${minor} of the PJRT API`;
  if (major !== API_MAJOR)
    throw new XlaError(`${has}, and avme speaks ${API_MAJOR}.x; take a plugin of that version`);
  if (minor < OLDEST_MINOR)
    throw new XlaError(`${has}, and avme needs ${API_MAJOR}.${OLDEST_MINOR} or newer; take a newer plugin`); // prettier-ignore
  if (size < TABLE_SIZE)
    throw new XlaError(`${has}, but its table of functions has ${size} bytes where ${TABLE_SIZE} are needed; the file is damaged, or another build`); // prettier-ignore
  if (functions.size === 0) throw new XlaError(`${has}, but its table of functions is empty`);
}

/** A loaded PJRT plugin. Calls are checked; what goes wrong becomes an {@link XlaError}. */
export class Plugin {
  readonly version: string;
  readonly #functions = new Map<string, NativeFunction>();

  private constructor(
    readonly file: string,
    table: ApiTable,
  ) {
    checkTable(file, table);
    this.version = `${table.version.major}.${table.version.minor}`;
    for (const [name, address] of table.functions)
      this.#functions.set(name, koffi.decode(address, FUNCTION) as NativeFunction);
  }

  /**
   * Loads a plugin and lets it set itself up.
   * @throws XlaError where the file is not there, is no plugin, or is of a version that avme does not speak
   */
  static open(file: string): Plugin {
    if (!existsSync(file)) throw new XlaError(`there is no PJRT plugin ${file}`);
    let address: bigint | null;
    try {
      address = koffi.load(file).func('void *GetPjrtApi()')() as bigint | null;
    } catch (cause) {
      const [first = ''] = (cause as Error).message.split('\n');
      throw new XlaError(`${file} cannot be loaded as a PJRT plugin: ${first}`);
    }
    if (address === null) throw new XlaError(`${file} gives no PJRT API`);
    const plugin = new Plugin(file, readTable(address));
    plugin.call('Plugin_Initialize', {}, 'setting the plugin up');
    return plugin;
  }

  /**
   * Calls a function.
   * @param doing for the message of an error, as in "while …"
   * @param held memory that `values` leads to by way of other memory
   * @returns what the call has left in its arguments
   * @throws XlaError
   */
  call(name: FunctionName, values: GivenValues, doing: string, ...held: Memory[]): StructValues {
    return holding(values, held, () => {
      const memory = encodeStruct(name, values);
      const error = this.#functionOf(name)(memory);
      if (error !== null) throw this.#failure(error, doing);
      return decodeStruct(name, memory);
    });
  }

  /** The same on another thread, for calls that take long or wait. */
  callAside(
    name: FunctionName,
    values: GivenValues,
    doing: string,
    ...held: Memory[]
  ): Promise<StructValues> {
    const memory = encodeStruct(name, values);
    return holding(values, [memory, ...held], async () => {
      const call = this.#functionOf(name);
      const error = await new Promise<bigint | null>((resolve, reject) => {
        call.async(memory, (failed, result) => {
          if (failed) reject(failed);
          else resolve(result);
        });
      });
      if (error !== null) throw this.#failure(error, doing);
      return decodeStruct(name, memory);
    });
  }

  /** Waits for an event, which ends with that. */
  async wait(
    event: StructValues[string] | undefined,
    doing: string,
    ...held: Memory[]
  ): Promise<void> {
    if (typeof event !== 'bigint') return;
    try {
      await this.callAside('Event_Await', { event }, doing, ...held);
    } finally {
      this.call('Event_Destroy', { event }, 'freeing an event');
    }
  }

  #functionOf(name: FunctionName): NativeFunction {
    const found = this.#functions.get(name);
    if (found !== undefined) return found;
    throw new XlaError(`${this.file} has no PJRT_${name}`, 'UNIMPLEMENTED');
  }

  #failure(error: bigint, doing: string): XlaError {
    const message = encodeStruct('Error_Message', { error });
    this.#functionOf('Error_Message')(message);
    const { message: text, message_size: size } = decodeStruct('Error_Message', message);
    const code = encodeStruct('Error_GetCode', { error });
    this.#functionOf('Error_GetCode')(code);
    const failure = XlaError.of(doing, codeOf(decodeStruct('Error_GetCode', code)['code'] as number), textAt(text, size)); // prettier-ignore
    this.#functionOf('Error_Destroy')(encodeStruct('Error_Destroy', { error }));
    return failure;
  }
}
