import { execFile, spawn, spawnSync, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { hostname } from 'node:os';
import { join } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { promisify } from 'node:util';
import { freePort } from './free-port.js';

const run = promisify(execFile);

/** Debian: slurmctld, slurmd, slurm-client; its daemons want root, nodes a host name each. */
export const hasSlurm = (): boolean =>
  process.platform === 'linux' &&
  process.getuid?.() === 0 &&
  ['slurmctld', 'slurmd', 'sbatch'].every((name) => spawnSync(name, ['-V']).error === undefined) &&
  spawnSync('unshare', ['--uts', 'true']).status === 0;

/** Without munge, cgroups and a database: a cluster of one machine for a test. */
async function configuration(folder: string, nodes: readonly string[]): Promise<string> {
  const ports = await Promise.all(nodes.map(freePort));
  const settings = {
    ClusterName: 'avme',
    SlurmctldHost: `${hostname()}(127.0.0.1)`,
    SlurmctldPort: await freePort(),
    ...{ SlurmUser: 'root', SlurmdUser: 'root', AuthType: 'auth/none', CredType: 'cred/none' },
    StateSaveLocation: join(folder, 'state'),
    SlurmdSpoolDir: join(folder, 'spool-%n'),
    SlurmctldPidFile: join(folder, 'slurmctld.pid'),
    SlurmdPidFile: join(folder, 'slurmd-%n.pid'),
    ...{ ProctrackType: 'proctrack/linuxproc', TaskPlugin: 'task/none', MpiDefault: 'none' },
    ...{ SwitchType: 'switch/none', SelectType: 'select/cons_tres' },
    ...{ SelectTypeParameters: 'CR_Core', SlurmdParameters: 'config_overrides' },
    ...{ ReturnToService: 2, SchedulerParameters: 'sched_interval=1,bf_interval=1' },
  };
  return [
    ...Object.entries(settings).map(([name, value]) => `${name}=${value}`),
    ...nodes.map((node, i) => `NodeName=${node} NodeAddr=127.0.0.1 Port=${ports[i]} CPUs=1 State=UNKNOWN`), // prettier-ignore
    'PartitionName=main Nodes=ALL Default=YES MaxTime=INFINITE State=UP',
    '',
  ].join('\n');
}

/** A real Slurm of two nodes, both this machine. */
export class Slurm {
  private readonly daemons: ChildProcess[] = [];

  private constructor(private readonly env: NodeJS.ProcessEnv) {}

  /** @param env of the jobs, beside this process's */
  static async start(folder: string, env: Readonly<Record<string, string>>): Promise<Slurm> {
    const nodes = ['node1', 'node2'];
    await mkdir(join(folder, 'state'), { recursive: true });
    for (const node of nodes) await mkdir(join(folder, `spool-${node}`));
    const path = join(folder, 'slurm.conf');
    await writeFile(path, await configuration(folder, nodes));
    const slurm = new Slurm({ ...process.env, ...env, SLURM_CONF: path });
    slurm.daemon('slurmctld', ['-D', '-c']);
    for (const node of nodes)
      slurm.daemon('unshare', ['--uts', 'sh', '-c', `hostname ${node}; exec slurmd -D -c -N ${node}`]); // prettier-ignore
    for (let i = 0; i < 300; i++) {
      const states = await slurm.call('sinfo', '-h', '-N', '-o', '%T').catch(() => '');
      if (states.split('\n').filter((state) => state === 'idle').length === nodes.length)
        return slurm;
      await setTimeout(200);
    }
    await slurm.stop();
    throw new Error('the nodes of Slurm did not come up');
  }

  /** @returns what a command of Slurm prints */
  async call(command: string, ...args: string[]): Promise<string> {
    const { stdout } = await run(command, args, { env: this.env });
    return stdout.trim();
  }

  /** Waits until no job is left, whatever became of them. */
  async idle(): Promise<void> {
    while ((await this.call('squeue', '-h')) !== '') await setTimeout(300);
  }

  async stop(): Promise<void> {
    for (const daemon of this.daemons.reverse()) {
      if (daemon.exitCode !== null || daemon.signalCode !== null) continue;
      const end = once(daemon, 'exit');
      daemon.kill('SIGKILL');
      await end;
    }
  }

  private daemon(command: string, args: readonly string[]): void {
    this.daemons.push(spawn(command, args, { env: this.env, stdio: 'ignore' }));
  }
}

/** The blocks of code in a page below a heading. */
export async function blocksOf(page: string, heading: string): Promise<string[]> {
  const text = await readFile(page, 'utf8');
  const section = text.split(`\n## ${heading}\n`)[1]?.split('\n## ')[0] ?? '';
  return [...section.matchAll(/```\w+\n([\s\S]*?)```/g)].map(([, code]) => code ?? '');
}
