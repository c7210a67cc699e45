import assert from 'node:assert/strict';
import { fileURLToPath } from 'node:url';
import { Job } from 'kubernetes-models/batch/v1/Job';
import { parse } from 'yaml';
import { blocksOf } from '../support/slurm.js';

const PAGE = fileURLToPath(new URL('../../../docs/how-to/many-machines.md', import.meta.url));
type Tree = Record<string, unknown>;

/** Names of fields that the guide may use, by where they are; the models accept any name. */
const NAMES: Readonly<Record<string, string>> = {
  '': 'apiVersion kind metadata spec',
  metadata: 'name',
  spec: 'completionMode completions parallelism backoffLimitPerIndex maxFailedIndexes podReplacementPolicy template',
  'spec.template': 'spec',
  'spec.template.spec': 'restartPolicy terminationGracePeriodSeconds containers volumes',
  'spec.template.spec.containers': 'name image command args resources volumeMounts',
  'spec.template.spec.containers.resources': 'requests',
  'spec.template.spec.containers.resources.requests': 'cpu memory',
  'spec.template.spec.containers.volumeMounts': 'name mountPath',
  'spec.template.spec.volumes': 'name persistentVolumeClaim',
  'spec.template.spec.volumes.persistentVolumeClaim': 'claimName',
}; // prettier-ignore

/** @returns the places of all names that are not known */
function unknownNames(value: unknown, place = ''): string[] {
  if (Array.isArray(value)) return value.flatMap((each) => unknownNames(each, place));
  if (typeof value !== 'object' || value === null) return [];
  const known = NAMES[place]?.split(' ') ?? [];
  return Object.entries(value).flatMap(([name, inner]) => {
    const at = place === '' ? name : `${place}.${name}`;
    return known.includes(name) ? unknownNames(inner, at) : [at];
  });
}

const check = (job: Tree) => {
  assert.deepEqual(unknownNames(job), []);
  new Job(job).validate();
};

describe("the guide's Job for Kubernetes", () => {
  let job: { spec: Tree };
  before(async () => {
    const [text = ''] = await blocksOf(PAGE, 'Kubernetes');
    job = parse(text) as typeof job;
  });

  it('is one that Kubernetes takes, and does not run two pods for an index that ends', () => {
    check(job);
    assert.equal(job.spec['completionMode'], 'Indexed');
    assert.equal(job.spec['podReplacementPolicy'], 'Failed');
    assert.match(JSON.stringify(job), new RegExp(`/${String(job.spec['completions'])}\\\\"`));
  });

  it('is checked by a test that notices names and values that are wrong', () => {
    assert.throws(() => { check({ ...job, spec: { ...job.spec, backoffLimitPerIndexx: 3 } }); }, /backoffLimitPerIndexx/); // prettier-ignore
    assert.throws(() => { check({ ...job, spec: { ...job.spec, completions: '64' } }); }, /completions/); // prettier-ignore
  });
});
