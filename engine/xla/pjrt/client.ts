import koffi from 'koffi';
import type { Device, DeviceProgram, DeviceTensor, HostValues } from '../device.js';
import type { Program } from '../program.js';
import { ELEMENT_BYTES, sizeOf, typeText, type ElementType, type TensorType } from '../types.js';
import { XlaError } from './error.js';
import { compileOptions, encodeOptions, type ClientOptions } from './options.js';
import { textAt, type Plugin } from './plugin.js';
import { encodeStruct } from './structs.js';

/** PJRT_Buffer_Type. */
const BUFFER_TYPE: Readonly<Record<ElementType, number>> = { i1: 1, i32: 4, ui8: 6, ui32: 8, ui64: 9, f32: 11, bf16: 13 }; // prettier-ignore

/** The plugin has read the values when the call returns. */
const ONLY_DURING_CALL = 0;

/** A tensor on a plugin's device. */
export class DeviceBuffer implements DeviceTensor {
  #address: bigint | undefined;

  constructor(
    private readonly client: Client,
    readonly type: TensorType,
    address: bigint,
  ) {
    this.#address = address;
    client.buffers.add(this);
  }

  /** @throws XlaError where it was freed or donated */
  get address(): bigint {
    if (this.#address !== undefined) return this.#address;
    throw new XlaError(`a tensor on the device (${typeText(this.type)}) was freed or donated before`);
  } // prettier-ignore

  async read(): Promise<ArrayBuffer> {
    const bytes = new ArrayBuffer(sizeOf(this.type.shape) * ELEMENT_BYTES[this.type.element]);
    const { plugin } = this.client;
    const doing = 'copying from the device';
    const request = { src: this.address, dst: bytes, dst_size: bytes.byteLength };
    const { event } = plugin.call('Buffer_ToHostBuffer', request, doing);
    await plugin.wait(event, doing, bytes);
    return bytes;
  }

  dispose(): void {
    const buffer = this.#address;
    if (buffer === undefined) return;
    this.#address = undefined;
    this.client.buffers.delete(this);
    this.client.plugin.call('Buffer_Destroy', { buffer }, 'freeing a tensor');
  }
}

/** A program that a plugin has compiled. */
export class Executable implements DeviceProgram<DeviceBuffer> {
  #address: bigint | undefined;

  constructor(
    private readonly client: Client,
    readonly program: Program,
    address: bigint,
  ) {
    this.#address = address;
    client.executables.add(this);
  }

  run(given: readonly DeviceBuffer[]): DeviceBuffer[] {
    const { program } = this;
    this.#check(given);
    const args = BigUint64Array.from(given, ({ address }) => address);
    const results = new BigUint64Array(program.results.length);
    const lists = [args, results].map((list) => BigUint64Array.of(koffi.address(list)));
    const options = encodeStruct('ExecuteOptions', {});
    const executable = this.#address ?? null;
    this.client.plugin.call(
      'LoadedExecutable_Execute',
      {
        ...{ executable, options, num_devices: 1, num_args: given.length },
        ...{ argument_lists: lists[0] ?? null, output_lists: lists[1] ?? null },
      },
      'running a program',
      args,
      results,
    );
    // What is left of a donated tensor is its number, which is freed like any other.
    program.arguments.forEach(({ aliases }, i) => {
      if (aliases !== undefined) given[i]?.dispose();
    });
    return program.results.map(({ type }, i) => new DeviceBuffer(this.client, type, results[i] ?? 0n));
  } // prettier-ignore

  #check(given: readonly DeviceBuffer[]): void {
    if (this.#address === undefined) throw new XlaError('this program was freed before');
    const { arguments: wanted } = this.program;
    if (given.length !== wanted.length)
      throw new XlaError(`the program takes ${wanted.length} tensors, and ${given.length} were given`);
    wanted.forEach(({ name, type }, i) => {
      const one = given[i]?.type ?? type;
      if (typeText(one) !== typeText(type))
        throw new XlaError(`the program takes ${name} as ${typeText(type)}, and ${typeText(one)} was given`);
    });
  } // prettier-ignore

  dispose(): void {
    const executable = this.#address;
    if (executable === undefined) return;
    this.#address = undefined;
    this.client.executables.delete(this);
    this.client.plugin.call('LoadedExecutable_Destroy', { executable }, 'freeing a program');
  }
}

/** Memory of a device, in bytes; undefined where the plugin does not tell. */
export interface DeviceMemory {
  readonly used: number;
  readonly peak: number | undefined;
  readonly limit: number | undefined;
}

/** The devices of a plugin, of which the first one is used. */
export class Client implements Device<DeviceBuffer> {
  readonly buffers = new Set<DeviceBuffer>();
  readonly executables = new Set<Executable>();
  readonly platform: string;
  /** Kinds of the devices, as `NVIDIA H100 80GB HBM3`. */
  readonly devices: readonly string[];
  #address: bigint | undefined;
  readonly #device: bigint;

  private constructor(
    readonly plugin: Plugin,
    client: bigint,
  ) {
    this.#address = client;
    const doing = 'looking for devices';
    const name = plugin.call('Client_PlatformName', { client }, doing);
    const version = plugin.call('Client_PlatformVersion', { client }, doing);
    this.platform = `${textAt(name['platform_name'], name['platform_name_size'])} (${textAt(version['platform_version'], version['platform_version_size'])})`;
    const { devices, num_devices: count } = plugin.call('Client_AddressableDevices', { client }, doing); // prettier-ignore
    const all = count === 0 ? [] : (koffi.decode(devices, 'void *', count as number) as bigint[]);
    this.devices = all.map((device) => {
      const { device_description } = plugin.call('Device_GetDescription', { device }, doing);
      const { device_kind, device_kind_size } = plugin.call('DeviceDescription_Kind', { device_description: device_description ?? null }, doing); // prettier-ignore
      return textAt(device_kind, device_kind_size);
    });
    const [first] = all;
    if (first === undefined) throw new XlaError(`${plugin.file} finds no device`, 'NOT_FOUND');
    this.#device = first;
  }

  /** Takes the plugin's devices, which can take seconds. @throws XlaError where there is none */
  static async create(plugin: Plugin, options: ClientOptions = {}): Promise<Client> {
    const { memory, count, held } = encodeOptions(options);
    const request = { create_options: count === 0 ? null : memory, num_options: count };
    const { client } = await plugin.callAside('Client_Create', request, 'taking the device', ...held); // prettier-ignore
    try {
      return new Client(plugin, client as bigint);
    } catch (error) {
      plugin.call('Client_Destroy', { client: client ?? null }, 'leaving the device');
      throw error;
    }
  }

  async compile(program: Program): Promise<Executable> {
    const [code, format, options] = [Buffer.from(program.text), Buffer.from('mlir'), compileOptions()]; // prettier-ignore
    const struct = encodeStruct('Program', {
      ...{ code, code_size: code.length, format, format_size: format.length },
    });
    const { executable } = await this.plugin.callAside(
      'Client_Compile',
      {
        ...{ client: this.#open(), program: struct },
        ...{ compile_options: options, compile_options_size: options.length },
      },
      'compiling a program',
      code,
      format,
    );
    return new Executable(this, program, executable as bigint);
  }

  upload(values: HostValues, type: TensorType): DeviceBuffer {
    const bytes = sizeOf(type.shape) * ELEMENT_BYTES[type.element];
    if (values.byteLength !== bytes)
      throw new XlaError(`${typeText(type)} takes ${bytes} bytes, and ${values.byteLength} were given`); // prettier-ignore
    const dims = BigInt64Array.from(type.shape, BigInt);
    const doing = 'copying to the device';
    const { buffer, done_with_host_buffer: event } = this.plugin.call(
      'Client_BufferFromHostBuffer',
      {
        ...{ client: this.#open(), data: values, type: BUFFER_TYPE[type.element] },
        ...{ dims: dims.length === 0 ? null : dims, num_dims: dims.length },
        ...{ host_buffer_semantics: ONLY_DURING_CALL, device: this.#device },
      },
      doing,
    );
    if (typeof event === 'bigint') this.plugin.call('Event_Destroy', { event }, doing);
    return new DeviceBuffer(this, type, buffer as bigint);
  }

  memory(): DeviceMemory {
    const stats = this.plugin.call('Device_MemoryStats', { device: this.#device }, 'asking for the memory in use'); // prettier-ignore
    const told = (name: string) => (stats[`${name}_is_set`] === true ? Number(stats[name]) : undefined); // prettier-ignore
    return { used: Number(stats['bytes_in_use']), peak: told('peak_bytes_in_use'), limit: told('bytes_limit') }; // prettier-ignore
  }

  #open(): bigint {
    if (this.#address === undefined) throw new XlaError('this client was closed before');
    return this.#address;
  }

  /** Frees all that is on the device, and leaves it. */
  dispose(): void {
    const client = this.#address;
    if (client === undefined) return;
    for (const one of [...this.buffers, ...this.executables]) one.dispose();
    this.#address = undefined;
    this.plugin.call('Client_Destroy', { client }, 'leaving the device');
  }
}
