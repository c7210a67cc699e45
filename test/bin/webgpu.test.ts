import assert from 'node:assert/strict';
import { avme } from '../support/cli.js';
import { SOFTWARE_GPU_ENVIRONMENT as SOFTWARE_GPU } from '../support/backends.js';
import { slow } from '../support/slow.js';
import { useTinyRuns } from '../support/tiny-run.js';

/** A process that lacks a package: its name leads nowhere. */
const without = (name: string) => {
  const hooks = `export const resolve = (asked, context, next) => { if (asked === '${name}') throw Object.assign(new Error('gone'), { code: 'ERR_MODULE_NOT_FOUND' }); return next(asked, context); };`; // prettier-ignore
  const inner = `data:text/javascript,${encodeURIComponent(hooks)}`;
  const outer = `import { register } from 'node:module'; register(${JSON.stringify(inner)});`;
  return { NODE_OPTIONS: `--import=data:text/javascript,${encodeURIComponent(outer)}` };
};

interface Doctor {
  readonly backends: readonly { name: string; available: boolean; automatic: boolean; reason: string }[];
} // prettier-ignore

const webgpuIn = async (env: Readonly<Record<string, string>>) => {
  const { events, stderr } = await avme(['doctor', '--json'], { env });
  const found = (events[0] as unknown as Doctor | undefined)?.backends;
  return found?.find(({ name }) => name === 'webgpu') ?? assert.fail(stderr);
};

describe('avme without WebGPU', () => {
  const install = /not installed; "npm install webgpu @tensorflow\/tfjs-backend-webgpu" gets it/;
  for (const name of ['webgpu', '@tensorflow/tfjs-backend-webgpu'])
    it(`says how to get ${name}`, async function () {
      if (name !== 'webgpu' && Object.keys(SOFTWARE_GPU).length === 0) this.skip();
      const { available, automatic, reason } = await webgpuIn({ ...SOFTWARE_GPU, ...without(name) });
      assert.deepEqual([available, automatic], [false, false]);
      assert.match(reason, install);
    }); // prettier-ignore
});

slow.describe('avme on WebGPU, a GPU made of software', function () {
  this.timeout(300_000);
  const { path, pretrain } = useTinyRuns();
  before(function () {
    if (Object.keys(SOFTWARE_GPU).length === 0) this.skip();
  });

  it('doctor names the adapter, and does not choose it by itself', async () => {
    const { available, automatic, reason } = await webgpuIn(SOFTWARE_GPU);
    assert.deepEqual([available, automatic], [true, false]);
    assert.match(reason, /SwiftShader.* through WebGPU, a GPU made of software/);
  });

  it('pretrain takes the steps that it takes on wasm', async () => {
    const steps = async (backend: 'wasm' | 'webgpu') => {
      // Against pixels as they are: normalising a tubelet of one colour divides rounding by rounding.
      const more = '--variant v --target raw --stop-at 3 --json --backend'.split(' ').concat(backend);
      const { code, stderr, events } = await avme(pretrain(backend, ...more), { env: SOFTWARE_GPU });
      assert.equal(code, 0, stderr);
      assert.equal(events[0]?.['backend'], backend);
      assert.equal(events[0]['captured'], false);
      return events.filter(({ event }) => event === 'step').map(({ loss }) => Number(loss));
    }; // prettier-ignore
    const [wasm, webgpu] = [await steps('wasm'), await steps('webgpu')];
    assert.equal(webgpu.length, 3);
    webgpu.forEach((loss, i) => {
      assert.ok(Math.abs(loss / wasm[i]! - 1) < 1e-4, `step ${i}: ${wasm[i]} and ${loss}`);
    });
  });

  it('reconstructs', async () => {
    const args = ['reconstruct', '--run', path('webgpu'), '--cache', path('cache'), '--count', '1'];
    const { code, stderr } = await avme([...args, '--out', path('made.png'), '--backend', 'webgpu'], { env: SOFTWARE_GPU }); // prettier-ignore
    assert.equal(code, 0, stderr);
  });
});
