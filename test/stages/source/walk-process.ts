import { sourceOptions } from '../../../stages/source/options.js';
import { openSource } from '../../../stages/source/open-source.js';

/** Walks a source in a process whose heap is limited from outside, and says what it saw. */
const [path = ''] = process.argv.slice(2);
const source = await openSource(path, sourceOptions.parse({}));
let entries = 0;
let last = '';
for await (const { id } of source.entries()) {
  entries++;
  last = id;
}
process.stdout.write(JSON.stringify({ entries, last }));
