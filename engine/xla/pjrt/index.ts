export { Client, type DeviceBuffer, type DeviceMemory, type Executable, type HostValues } from './client.js'; // prettier-ignore
export { XlaError, type XlaErrorCode } from './error.js';
export type { ClientOptions } from './options.js';
export { Plugin } from './plugin.js';
