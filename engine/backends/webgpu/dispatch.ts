import * as tf from '@tensorflow/tfjs-core';

/** Invocations of a workgroup, in each shader of ours. */
export const WORKGROUP = 256;
/** Workgroups along x: fewer than the 65,535 that WebGPU guarantees; more lie along y. */
const ROW = 32_768;

/** A value of a shader's uniform buffer: a struct of scalars, in this order. */
export interface Uniform {
  readonly type: 'float32' | 'uint32';
  readonly data: readonly [number];
}

interface Pipeline {
  getBindGroupLayout(group: 0): object;
}
interface Pass {
  setPipeline(pipeline: Pipeline): void;
  setBindGroup(index: 0, group: object): void;
  dispatchWorkgroups(x: number, y: number): void;
}

/** What of the backend's own object a dispatch needs; its buffers live until the queue has used them. */
export interface DispatchBackend {
  readonly device: {
    createShaderModule(of: { code: string }): object;
    createComputePipeline(of: object): Pipeline;
    createBindGroup(of: object): object;
  };
  readonly tensorMap: { get(dataId: object): { resource: object } };
  readonly commandQueueOwnedIds: WeakSet<object>;
  readonly commandEncoder: { beginComputePass(of: object): Pass };
  computePassEncoder: Pass | null;
  dispatchCountInPass: number;
  makeTensorInfo(shape: number[], dtype: 'float32'): tf.TensorInfo;
  uploadToGPU(dataId: object): void;
  makeUniforms(uniforms: readonly Uniform[]): object;
  ensureCommandEncoderReady(): void;
  endComputePassEncoder(): void;
  submitQueue(): void;
}

/**
 * A shader that the stock backend's programs cannot express, e.g. with several outputs. Its bindings
 * are the inputs, the outputs and the uniforms, in this order. Its `main` gets the invocation's
 * index as `id.y * ROW + id.x`; see {@link shaderOf}.
 */
export interface Shader {
  readonly name: string;
  readonly code: string;
}

/**
 * A shader over buffers.
 * @param inputs WGSL types of the elements, by name @param body computes for index `i`
 * @param uniforms names and WGSL types; `count`, the number of invocations, comes first
 */
export function shaderOf(
  name: string,
  inputs: Readonly<Record<string, string>>,
  outputs: readonly string[],
  uniforms: Readonly<Record<string, string>>,
  body: string,
  functions = '',
): Shader {
  const buffers = [
    ...Object.entries(inputs).map(([buffer, type]) => ({ buffer, access: 'read', type })),
    ...outputs.map((buffer) => ({ buffer, access: 'read_write', type: 'f32' })),
  ];
  const fields = Object.entries({ count: 'u32', ...uniforms }).map(([key, type]) => `${key}: ${type}`); // prettier-ignore
  const bindings = buffers.map(
    ({ buffer, access, type }, i) =>
      `@group(0) @binding(${i}) var<storage, ${access}> ${buffer}: array<${type}>;`,
  );
  return {
    name,
    code: `struct Uniforms { ${fields.join(', ')} }
${bindings.join('\n')}
@group(0) @binding(${buffers.length}) var<uniform> u: Uniforms;
${functions}
@compute @workgroup_size(${WORKGROUP})
fn main(@builtin(global_invocation_id) id: vec3u) {
  let i = id.y * ${ROW * WORKGROUP}u + id.x;
  if (i >= u.count) { return; }
  ${body}
}`,
  };
}

const pipelines = new WeakMap<object, Map<string, { pipeline: Pipeline; layout: object }>>();

/** A shader is compiled once a device. */
function pipelineOf({ device }: DispatchBackend, { name, code }: Shader) {
  const known = pipelines.get(device) ?? new Map<string, { pipeline: Pipeline; layout: object }>();
  pipelines.set(device, known);
  let found = known.get(name);
  if (found === undefined) {
    const compute = { module: device.createShaderModule({ code }), entryPoint: 'main' };
    const pipeline = device.createComputePipeline({ layout: 'auto', compute });
    known.set(name, (found = { pipeline, layout: pipeline.getBindGroupLayout(0) }));
  }
  return found;
}

/**
 * Runs a shader once.
 * @param count invocations @returns the outputs, one of each shape
 */
export function dispatch(
  backend: DispatchBackend,
  shader: Shader,
  inputs: readonly tf.TensorInfo[],
  outputShapes: readonly number[][],
  count: number,
  uniforms: readonly Uniform[],
): tf.TensorInfo[] {
  const outputs = outputShapes.map((shape) => backend.makeTensorInfo(shape, 'float32'));
  const tensors = [...inputs, ...outputs];
  for (const { dataId } of tensors) backend.uploadToGPU(dataId);
  const { pipeline, layout } = pipelineOf(backend, shader);
  const resources = [
    ...tensors.map(({ dataId }) => ({ buffer: backend.tensorMap.get(dataId).resource })),
    backend.makeUniforms([{ type: 'uint32', data: [count] }, ...uniforms]),
  ];
  const entries = resources.map((resource, binding) => ({ binding, resource }));
  const group = backend.device.createBindGroup({ layout, entries });
  const groups = Math.ceil(count / WORKGROUP);
  backend.ensureCommandEncoderReady();
  backend.computePassEncoder ??= backend.commandEncoder.beginComputePass({});
  const pass = backend.computePassEncoder;
  pass.setPipeline(pipeline);
  pass.setBindGroup(0, group);
  pass.dispatchWorkgroups(Math.min(groups, ROW), Math.ceil(groups / ROW));
  for (const { dataId } of tensors) backend.commandQueueOwnedIds.add(dataId);
  if (++backend.dispatchCountInPass >= tf.env().getNumber('WEBGPU_DEFERRED_SUBMIT_BATCH_SIZE')) {
    backend.endComputePassEncoder();
    backend.submitQueue();
  }
  return outputs;
}
