import koffi from 'koffi';

/**
 * OpenXLA's PJRT C API (xla/pjrt/c/pjrt_c_api.h, version 0.90), as much of it as is used here. Its rules: structs and
 * the table of functions only ever grow at their ends while the major version stays; every struct begins with its
 * size, so that both sides know how much of it the other one knows.
 */
export const API_MAJOR = 0;

/** The oldest minor version that is tried: what is used here has been as it is since then (2024). */
export const OLDEST_MINOR = 40;

/** Functions in the order of the API's table, as far as the last one that is used here. */
const TABLE = `
  Error_Destroy Error_Message Error_GetCode Plugin_Initialize Plugin_Attributes Event_Destroy
  Event_IsReady Event_Error Event_Await Event_OnReady Client_Create Client_Destroy
  Client_PlatformName Client_ProcessIndex Client_PlatformVersion Client_Devices
  Client_AddressableDevices Client_LookupDevice Client_LookupAddressableDevice
  Client_AddressableMemories Client_Compile Client_DefaultDeviceAssignment
  Client_BufferFromHostBuffer DeviceDescription_Id DeviceDescription_ProcessIndex
  DeviceDescription_Attributes DeviceDescription_Kind DeviceDescription_DebugString
  DeviceDescription_ToString Device_GetDescription Device_IsAddressable Device_LocalHardwareId
  Device_AddressableMemories Device_DefaultMemory Device_MemoryStats Memory_Id Memory_Kind
  Memory_DebugString Memory_ToString Memory_AddressableByDevices Executable_Destroy
  Executable_Name Executable_NumReplicas Executable_NumPartitions Executable_NumOutputs
  Executable_SizeOfGeneratedCodeInBytes Executable_GetCostAnalysis Executable_OutputMemoryKinds
  Executable_OptimizedProgram Executable_Serialize LoadedExecutable_Destroy
  LoadedExecutable_GetExecutable LoadedExecutable_AddressableDevices LoadedExecutable_Delete
  LoadedExecutable_IsDeleted LoadedExecutable_Execute Executable_DeserializeAndLoad
  LoadedExecutable_Fingerprint Buffer_Destroy Buffer_ElementType Buffer_Dimensions
  Buffer_UnpaddedDimensions Buffer_DynamicDimensionIndices Buffer_GetMemoryLayout
  Buffer_OnDeviceSizeInBytes Buffer_Device Buffer_Memory Buffer_Delete Buffer_IsDeleted
  Buffer_CopyToDevice Buffer_ToHostBuffer
`
  .trim()
  .split(/\s+/);

type Fields = Readonly<Record<string, 'void *' | 'size_t' | 'int64_t' | 'int' | 'bool'>>;

const pointer = 'void *';
const size = 'size_t';

/** Fields of the arguments of each function, behind the two that all have. */
const ARGUMENTS = {
  Error_Destroy: { error: pointer },
  Error_Message: { error: pointer, message: pointer, message_size: size },
  Error_GetCode: { error: pointer, code: 'int' },
  Plugin_Initialize: {},
  Event_Destroy: { event: pointer },
  Event_Await: { event: pointer },
  Client_Create: {
    ...{ create_options: pointer, num_options: size },
    ...{ kv_get_callback: pointer, kv_get_user_arg: pointer },
    ...{ kv_put_callback: pointer, kv_put_user_arg: pointer },
    client: pointer,
    ...{ kv_try_get_callback: pointer, kv_try_get_user_arg: pointer },
  },
  Client_Destroy: { client: pointer },
  Client_PlatformName: { client: pointer, platform_name: pointer, platform_name_size: size },
  Client_PlatformVersion: { client: pointer, platform_version: pointer, platform_version_size: size }, // prettier-ignore
  Client_AddressableDevices: { client: pointer, devices: pointer, num_devices: size },
  Client_Compile: {
    ...{ client: pointer, program: pointer },
    ...{ compile_options: pointer, compile_options_size: size },
    executable: pointer,
  },
  Client_BufferFromHostBuffer: {
    ...{ client: pointer, data: pointer, type: 'int', dims: pointer, num_dims: size },
    ...{ byte_strides: pointer, num_byte_strides: size, host_buffer_semantics: 'int' },
    ...{ device: pointer, memory: pointer, device_layout: pointer },
    ...{ done_with_host_buffer: pointer, buffer: pointer },
  },
  DeviceDescription_Kind: { device_description: pointer, device_kind: pointer, device_kind_size: size }, // prettier-ignore
  Device_GetDescription: { device: pointer, device_description: pointer },
  Device_MemoryStats: {
    ...{ device: pointer, bytes_in_use: 'int64_t' },
    ...{ peak_bytes_in_use: 'int64_t', peak_bytes_in_use_is_set: 'bool' },
    ...{ num_allocs: 'int64_t', num_allocs_is_set: 'bool' },
    ...{ largest_alloc_size: 'int64_t', largest_alloc_size_is_set: 'bool' },
    ...{ bytes_limit: 'int64_t', bytes_limit_is_set: 'bool' },
    ...{ bytes_reserved: 'int64_t', bytes_reserved_is_set: 'bool' },
    ...{ peak_bytes_reserved: 'int64_t', peak_bytes_reserved_is_set: 'bool' },
    ...{ bytes_reservable_limit: 'int64_t', bytes_reservable_limit_is_set: 'bool' },
    ...{ largest_free_block_bytes: 'int64_t', largest_free_block_bytes_is_set: 'bool' },
    ...{ pool_bytes: 'int64_t', pool_bytes_is_set: 'bool' },
    ...{ peak_pool_bytes: 'int64_t', peak_pool_bytes_is_set: 'bool' },
  },
  LoadedExecutable_Destroy: { executable: pointer },
  LoadedExecutable_Execute: {
    ...{ executable: pointer, options: pointer, argument_lists: pointer },
    ...{ num_devices: size, num_args: size, output_lists: pointer },
    ...{ device_complete_events: pointer, execute_device: pointer },
  },
  Buffer_Destroy: { buffer: pointer },
  Buffer_ToHostBuffer: { src: pointer, host_layout: pointer, dst: pointer, dst_size: size, event: pointer }, // prettier-ignore
} as const satisfies Readonly<Record<string, Fields>>;

export type FunctionName = keyof typeof ARGUMENTS;

/** Fields of structs that arguments point to. */
const RECORDS = {
  Program: { code: pointer, code_size: size, format: pointer, format_size: size },
  NamedValue: {
    ...{ name: pointer, name_size: size, type: 'int' },
    // A union; each of its members is written through its eight bytes.
    ...{ value: 'int64_t', value_size: size },
  },
  ExecuteOptions: {
    ...{ send_callbacks: pointer, recv_callbacks: pointer, num_send_ops: size, num_recv_ops: size },
    launch_id: 'int',
    ...{ non_donatable_input_indices: pointer, num_non_donatable_input_indices: size },
    ...{ context: pointer, call_location: pointer },
    ...{ num_tasks: size, task_ids: pointer, incarnation_ids: pointer },
  },
} as const satisfies Readonly<Record<string, Fields>>;

export type RecordName = keyof typeof RECORDS;

const structOf = (fields: Fields) =>
  koffi.struct({ struct_size: size, extension_start: pointer, ...fields });

/** Memory of this process that a pointer leads to. */
export type Memory = ArrayBuffer | NodeJS.ArrayBufferView;

/** A struct's fields as the API has left them: pointers as bigint or null, numbers, booleans. */
export type StructValues = Readonly<Record<string, bigint | number | boolean | null>>;

/** The same as they are given: pointers also as what they lead to. */
export type GivenValues = Readonly<Record<string, bigint | number | boolean | null | Memory>>;

export const isMemory = (value: unknown): value is Memory =>
  value instanceof ArrayBuffer || ArrayBuffer.isView(value);

const mapped = <K extends string>(all: Readonly<Record<K, Fields>>) =>
  new Map((Object.keys(all) as K[]).map((name) => [name as string, structOf(all[name])]));

const STRUCTS = new Map([...mapped(ARGUMENTS), ...mapped(RECORDS)]);

const VERSION = koffi.struct({ struct_size: size, extension_start: pointer, major: 'int', minor: 'int' }); // prettier-ignore

/** The head of the API's table. */
const API = koffi.struct({
  ...{ struct_size: size, extension_start: pointer, version: VERSION },
  ...Object.fromEntries(TABLE.map((name) => [name, pointer])),
});

/**
 * Zeros behind what is known of a struct: a plugin that knows more of it finds its newer fields unset, where it
 * would refuse a struct that ends before them.
 */
const SLACK = 64;

/** Size of a struct as it is defined here. */
export const sizeOfStruct = (name: FunctionName | RecordName): number =>
  koffi.sizeof(STRUCTS.get(name) ?? 'void *');

/** A struct in memory; what it points to must be kept by the caller. */
export function encodeStruct(name: FunctionName | RecordName, values: GivenValues): Buffer {
  const memory = Buffer.alloc(sizeOfStruct(name) + SLACK);
  const fields = Object.entries(values).map(([key, value]) => [key, isMemory(value) ? koffi.address(value) : value]); // prettier-ignore
  koffi.encode(memory, STRUCTS.get(name) ?? 'void *', { ...Object.fromEntries(fields), struct_size: memory.length }); // prettier-ignore
  return memory;
}

/** What a call has left in a struct. */
export const decodeStruct = (name: FunctionName | RecordName, memory: Buffer): StructValues =>
  koffi.decode(memory, STRUCTS.get(name) ?? 'void *') as StructValues;

/** A table of functions, as far as the plugin has it. */
export interface ApiTable {
  readonly size: number;
  readonly version: { readonly major: number; readonly minor: number };
  /** Address of each function. */
  readonly functions: ReadonlyMap<string, bigint>;
}

/** Size that a table must have to hold all functions that are used here. */
export const TABLE_SIZE = koffi.sizeof(API);

/** @param address of the plugin's table */
export function readTable(address: bigint): ApiTable {
  const head = koffi.decode(address, 'size_t') as number;
  const { major, minor } = koffi.decode(address, koffi.offsetof(API, 'version'), VERSION) as { major: number; minor: number }; // prettier-ignore
  if (head < TABLE_SIZE) return { size: head, version: { major, minor }, functions: new Map() };
  const api = koffi.decode(address, API) as Readonly<Record<string, bigint | null>>;
  const functions = new Map<string, bigint>();
  for (const name of Object.keys(ARGUMENTS)) {
    const one = api[name];
    if (typeof one === 'bigint' && one !== 0n) functions.set(name, one);
  }
  return { size: head, version: { major, minor }, functions };
}
