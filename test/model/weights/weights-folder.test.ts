import assert from 'node:assert/strict';
import { mkdir, writeFile } from 'node:fs/promises';
import { weightFilesIn } from '../../../model/weights/weights-folder.js';
import { scratchFolder } from '../../support/media.js';

describe('a folder of weights', () => {
  const { path } = scratchFolder();
  const folder = async (name: string, files: Record<string, string>) => {
    await mkdir(path(name));
    for (const [file, text] of Object.entries(files)) await writeFile(path(`${name}/${file}`), text); // prettier-ignore
    return path(name);
  };
  const list = (...names: string[]) => JSON.stringify({ metadata: {}, weight_map: Object.fromEntries(names.map((name, i) => [`w${i}`, name])) }); // prettier-ignore

  it('has one file, safetensors before PyTorch’s, or the parts that a list names', async () => {
    const one = await folder('one', { 'model.safetensors': '', 'pytorch_model.bin': '' });
    assert.deepEqual(await weightFilesIn(one), [path('one/model.safetensors')]);
    const two = await folder('two', { 'pytorch_model.bin.index.json': list('b.bin', 'a.bin', 'b.bin') }); // prettier-ignore
    assert.deepEqual(await weightFilesIn(two), [path('two/a.bin'), path('two/b.bin')]);
  });

  it('is refused where it has none, where its list is damaged, or leads elsewhere', async () => {
    await assert.rejects(weightFilesIn(await folder('none', { 'config.json': '{}' })), /holds no weights: there is no model\.safetensors, nor pytorch_model\.bin/); // prettier-ignore
    const index = 'model.safetensors.index.json';
    await assert.rejects(weightFilesIn(await folder('torn', { [index]: '{"weight_' })), /is no list of files/); // prettier-ignore
    for (const [name, part] of [['up', '../secret'], ['root', '/etc/passwd'], ['dots', '..']] as const)
      await assert.rejects(weightFilesIn(await folder(name, { [index]: list(part) })), /which is not in its folder/); // prettier-ignore
  });
});
