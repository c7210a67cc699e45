import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { Client, type DeviceBuffer } from '../../../../engine/xla/pjrt/client.js';
import { Plugin } from '../../../../engine/xla/pjrt/plugin.js';
import { ProgramBuilder, type Program } from '../../../../engine/xla/program.js';
import { tensorType } from '../../../../engine/xla/types.js';
import { useStub } from './stub.js';

const NOTHING = { errors: 0, events: 0, clients: 0, buffers: 0, executables: 0 };

/** `kept` and `donated` each become one more. */
function program(): Program {
  const builder = new ProgramBuilder();
  const kept = builder.argument('kept', tensorType('f32', [3]));
  const donated = builder.argument('donated', tensorType('f32', [2, 2]));
  const more = (value: typeof kept) =>
    builder.apply('add', [value, builder.constant(Array<number>(sizeOf(value)).fill(1), value.type)], value.type); // prettier-ignore
  return builder.finish([
    { name: 'first', value: more(kept) },
    { name: 'donated', value: more(donated), replaces: 'donated' },
  ]);
}
const sizeOf = ({ type }: { type: { shape: readonly number[] } }) =>
  type.shape.reduce((a, b) => a * b, 1);

const valuesOf = async (buffer: DeviceBuffer | undefined) => [...new Float32Array(await buffer!.read())]; // prettier-ignore

describe('PJRT plugins', () => {
  const stub = useStub();
  const open = () => Plugin.open(stub().file);
  const floats = (...values: number[]) => Float32Array.from(values);
  const rejects = (doing: () => unknown, message: RegExp, code?: string) =>
    assert.rejects(() => Promise.resolve().then(doing), { name: 'XlaError', message, ...(code === undefined ? {} : { code }) }); // prettier-ignore

  afterEach(() => {
    stub().table({});
    assert.deepEqual(stub().alive(), NOTHING, 'all is freed');
  });

  it('tell version, platform, devices and memory', async () => {
    const plugin = open();
    assert.equal(plugin.version, '0.90');
    const client = await Client.create(plugin);
    assert.equal(client.platform, 'stub (one more)');
    assert.deepEqual(client.devices, ['Adder 1']);
    assert.deepEqual(client.memory(), { used: 1000, peak: 2000, limit: undefined });
    client.dispose();
    client.dispose();
  });

  it('are given options of every kind', async () => {
    const options = { allocator: 'bfc', visible: 3, memory_fraction: 0.75, preallocate: false };
    const client = await Client.create(open(), options);
    assert.equal(stub().options(), 'allocator=bfc;visible=3;memory_fraction=0.75;preallocate=false;');
    client.dispose();
  }); // prettier-ignore

  it('run programs; results take the place of what is donated', async () => {
    const client = await Client.create(open());
    const executable = await client.compile(program());
    const kept = client.upload(floats(1, 2, 3), tensorType('f32', [3]));
    let donated = client.upload(floats(10, 20, 30, 40), tensorType('f32', [2, 2]));
    const before = stub().donations();
    for (let step = 1; step <= 3; step++) {
      const given = donated;
      const [first, next] = executable.run([kept, given]) as [DeviceBuffer, DeviceBuffer];
      assert.deepEqual(await valuesOf(first), [2, 3, 4]);
      first.dispose();
      await rejects(() => given.read(), /\(tensor<2x2xf32>\) was freed or donated before/);
      donated = next;
      // The two arguments and nothing else, however many steps.
      assert.equal(stub().alive().buffers, 2);
    }
    assert.equal(stub().donations() - before, 3);
    assert.deepEqual(await valuesOf(donated), [13, 23, 33, 43]);
    assert.deepEqual(await valuesOf(kept), [1, 2, 3]);
    client.dispose();
  });

  it('take bytes, scalars, and memory that threads share', async () => {
    const client = await Client.create(open());
    const bytes = client.upload(Uint8Array.of(250, 3), tensorType('ui8', [2]));
    const scalar = client.upload(floats(0.5), tensorType('f32'));
    assert.deepEqual(await valuesOf(scalar), [0.5]);
    const shared = new Float32Array(new SharedArrayBuffer(8));
    shared.set([7, 8]);
    assert.deepEqual(await valuesOf(client.upload(shared, tensorType('f32', [2]))), [7, 8]);
    bytes.dispose();
    bytes.dispose();
    client.dispose();
  });

  it('refuse tensors that the program does not take, before they are called', async () => {
    const client = await Client.create(open());
    const executable = await client.compile(program());
    const one = client.upload(floats(1, 2), tensorType('f32', [2]));
    await rejects(() => executable.run([one]), /takes 2 tensors, and 1 were given/);
    await rejects(() => executable.run([one, one]), /takes kept as tensor<3xf32>, and tensor<2xf32> was given/); // prettier-ignore
    await rejects(() => client.upload(floats(1), tensorType('f32', [2])), /tensor<2xf32> takes 8 bytes, and 4 were given/); // prettier-ignore
    executable.dispose();
    await rejects(() => executable.run([one, one]), /was freed before/);
    client.dispose();
    await rejects(() => client.upload(floats(1), tensorType('f32', [1])), /was closed before/);
  });

  const failures = [
    ['Plugin_Initialize', 13, 'no driver\nstack', /XLA failed while setting the plugin up: no driver$/],
    ['Client_Create', 14, 'no device is free', /XLA failed while taking the device: no device is free$/],
    ['Client_PlatformName', 2, '', /XLA failed while looking for devices: UNKNOWN$/],
    ['Client_Compile', 12, 'Unknown op', /while compiling a program: Unknown op; the plugin cannot do this: take a newer one/],
    ['Client_BufferFromHostBuffer', 8, 'Out of memory', /while copying to the device: Out of memory; the memory of the device is full: take a smaller --batch-size/],
    ['LoadedExecutable_Execute', 8, 'Out of memory allocating 18 GiB', /while running a program: Out of memory allocating 18 GiB; the memory/],
    ['Buffer_ToHostBuffer', 13, 'lost', /while copying from the device: lost$/],
    ['Event_Await', 13, 'the kernel failed', /while copying from the device: the kernel failed$/],
  ] as const; // prettier-ignore
  for (const [name, code, said, message] of failures)
    it(`say in words what went wrong in ${name}, and leak nothing`, async () => {
      stub().fail(name, code, said);
      let client: Client | undefined;
      await rejects(async () => {
        client = await Client.create(open());
        const executable = await client.compile(program());
        const shapes = [tensorType('f32', [3]), tensorType('f32', [2, 2])];
        const given = shapes.map((type) => client!.upload(new Float32Array(sizeOf({ type })), type)); // prettier-ignore
        const [first] = executable.run(given);
        await first!.read();
      }, message);
      client?.dispose();
    });

  it('without a device are refused', async () => {
    stub().fail('no device', 0, '');
    await rejects(() => Client.create(open()), /finds no device/, 'NOT_FOUND');
  });

  it('of other versions, or that are none, are refused with what would be right', async () => {
    const refused = (table: Parameters<ReturnType<typeof stub>['table']>[0], message: RegExp) => {
      stub().table(table);
      return rejects(open, message);
    };
    await refused({ major: 1 }, /speaks version 1\.90 of the PJRT API, and avme speaks 0\.x/);
    await refused({ minor: 5 }, /version 0\.5 .* needs 0\.40 or newer; take a newer plugin/);
    await refused({ size: 48 }, /has 48 bytes where \d+ are needed/);
    await refused({ empty: true }, /is empty/);
    await rejects(() => Plugin.open('/nowhere/plugin.so'), /there is no PJRT plugin \/nowhere/);
    const text = join(dirname(stub().file), 'text.so');
    writeFileSync(text, 'no library');
    await rejects(() => Plugin.open(text), /cannot be loaded as a PJRT plugin/);
  });
});
