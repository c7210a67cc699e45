// Adds to package-lock.json the optional binaries for platforms that the registry did not offer when
// the lock file was made: a registry may mirror some platforms only, npm then leaves the others out,
// and `npm ci` refuses the lock file as incomplete. Run after `npm install`: node .ci/complete-lock.mjs
import { readFileSync, writeFileSync } from 'node:fs';

const FILE = new URL('../package-lock.json', import.meta.url);
const lock = JSON.parse(readFileSync(FILE, 'utf8'));
const { packages } = lock;

const OS = ['android', 'darwin', 'freebsd', 'linux', 'openharmony', 'win32'];
const CPU = ['arm64', 'arm', 'ia32', 'loong64', 'ppc64', 'riscv64', 's390x', 'x64'];

/** Where a dependency of the package at `from` is found, as Node looks it up. */
function find(from, name) {
  for (let path = from; ; path = path.slice(0, Math.max(0, path.lastIndexOf('/node_modules/')))) {
    const candidate = `${path === '' ? '' : `${path}/`}node_modules/${name}`;
    if (candidate in packages) return candidate;
    if (path === '') return undefined;
  }
}

/** What a platform's package says of itself, read from its name: "canvas-linux-x64-musl". */
function platformOf(name) {
  const parts = name.slice(name.lastIndexOf('/') + 1).split('-');
  const os = OS.filter((one) => parts.includes(one));
  const cpu = CPU.filter((one) => parts.includes(one));
  const libc = parts.includes('musl') ? ['musl'] : parts.includes('gnu') ? ['glibc'] : undefined;
  return { cpu, os, ...(libc === undefined || os[0] !== 'linux' ? {} : { libc }) };
}

let added = 0;
for (const [from, { dev, optionalDependencies = {} }] of Object.entries(packages))
  for (const [name, version] of Object.entries(optionalDependencies)) {
    if (find(from, name) !== undefined || !/^\d+\.\d+\.\d+$/.test(version)) continue;
    const platform = platformOf(name);
    if (platform.os.length === 0 || platform.cpu.length === 0) continue;
    packages[`node_modules/${name}`] = {
      version,
      ...platform,
      ...(dev ? { dev } : {}),
      optional: true,
    };
    added++;
  }
lock.packages = Object.fromEntries(Object.entries(packages).sort(([a], [b]) => (a < b ? -1 : 1)));
writeFileSync(FILE, `${JSON.stringify(lock, null, 2)}\n`);
console.log(`${added} packages of other platforms added`);
