import assert from 'node:assert/strict';
import { brief, sourceScratch } from '../support.js';

const scratch = sourceScratch();

const TRAIN =
  'ApplyEyeMakeup/v_ApplyEyeMakeup_g08_c01.avi 1\r\nArchery/v_Archery_g08_c01.avi 2\r\n';
const TEST = 'Archery/v_Archery_g01_c01.avi\r\n';
const CLASSES = '1 ApplyEyeMakeup\r\n2 Archery\r\n';

/** As the official archives unpack: lists and videos side by side. */
async function dataSet(name: string): Promise<string> {
  const lists = `${name}/ucfTrainTestlist`;
  await scratch.write(`${lists}/classInd.txt`, CLASSES);
  await scratch.write(`${lists}/trainlist01.txt`, TRAIN);
  await scratch.write(`${lists}/testlist01.txt`, TEST);
  await scratch.write(`${lists}/trainlist02.txt`, `${TEST.trim()} 2\n`);
  await scratch.write(`${lists}/testlist02.txt`, TRAIN.replace(/ \d/g, ''));
  await scratch.touch(
    `${name}/UCF-101/ApplyEyeMakeup/v_ApplyEyeMakeup_g08_c01.avi`,
    `${name}/UCF-101/Archery/v_Archery_g08_c01.avi`,
    `${name}/UCF-101/Archery/v_Archery_g01_c01.avi`,
  );
  return lists;
}

describe('the lists of UCF101', () => {
  it('are found out; training and test of the first division, videos beside them', async () => {
    const lists = await dataSet('ucf');
    const entries = await scratch.entries(lists);
    assert.deepEqual(brief(entries), [
      ['ApplyEyeMakeup/v_ApplyEyeMakeup_g08_c01.avi', 'ApplyEyeMakeup', 'train'],
      ['Archery/v_Archery_g08_c01.avi', 'Archery', 'train'],
      ['Archery/v_Archery_g01_c01.avi', 'Archery', 'test'],
    ]);
    assert.equal(entries[2]?.path, scratch.path('ucf/UCF-101/Archery/v_Archery_g01_c01.avi'));
  });

  it('have other divisions, and can be given one by one', async () => {
    const lists = await dataSet('folds');
    assert.deepEqual(brief(await scratch.entries(lists, { fold: 2 })), [
      ['Archery/v_Archery_g01_c01.avi', 'Archery', 'train'],
      ['ApplyEyeMakeup/v_ApplyEyeMakeup_g08_c01.avi', 'ApplyEyeMakeup', 'test'],
      ['Archery/v_Archery_g08_c01.avi', 'Archery', 'test'],
    ]);
    assert.equal((await scratch.entries(`${lists}/testlist01.txt`)).length, 1);
    await assert.rejects(
      scratch.entries(lists, { fold: 4 }),
      /has no trainlist04\.txt; it has testlist01\.txt, .*trainlist02\.txt: give another --fold/,
    );
    await assert.rejects(scratch.entries(`${lists}/testlist01.txt`, { fold: 1 }), /leave it out/);
  });

  it('need neither the list of classes nor class folders', async () => {
    await scratch.write('bare/testlist01.txt', 'Archery/v_Archery_g01_c01.avi\n');
    assert.deepEqual(brief(await scratch.entries('bare/testlist01.txt')), [
      ['Archery/v_Archery_g01_c01.avi', 'Archery', 'test'],
    ]);
    await scratch.write('flat/testlist01.txt', 'v_ApplyEyeMakeup_g01_c02.avi\n');
    assert.deepEqual(brief(await scratch.entries('flat/testlist01.txt')), [
      ['v_ApplyEyeMakeup_g01_c02.avi', 'ApplyEyeMakeup', 'test'],
    ]);
  });

  it('that are wrong are an error with the line', async () => {
    const wrong = async (name: string, text: string, words: RegExp) => {
      await scratch.write(`${name}/classInd.txt`, CLASSES);
      await scratch.write(`${name}/trainlist01.txt`, `${TRAIN}${text}\n`);
      await assert.rejects(scratch.entries(name), words);
    };
    await wrong('w1', 'Archery/v.avi 3', /trainlist01\.txt, line 3: got "Archery\/v\.avi 3": classInd\.txt has no class 3; it has 2, from 1 to 2/); // prettier-ignore
    await wrong('w2', 'Archery/v.avi 1', /line 3: .*class 1 is ApplyEyeMakeup in classInd\.txt, but the path says Archery/); // prettier-ignore
    await wrong('w3', 'Archery', /line 3: got "Archery": a line is a video and/);
    await wrong('w4', 'Archery/v.avi Archery', /line 3: .*the class is a number/);
    await wrong('w5', 'v.avi', /line 3: .*its class is neither in the path nor in the line/);
    await scratch.write('w6/classInd.txt', 'ApplyEyeMakeup\n');
    await scratch.write('w6/trainlist01.txt', TRAIN);
    await assert.rejects(scratch.entries('w6'), /classInd\.txt, line 1: got "ApplyEyeMakeup"; a line is a class and its name/); // prettier-ignore
  });

  it('do not hide the folder that they lie in', async () => {
    const lists = await dataSet('forced');
    await scratch.touch(`${lists}/x/a.mp4`);
    assert.deepEqual(brief(await scratch.entries(lists, { sourceKind: 'folder' })), [
      ['x/a.mp4', 'x', null],
    ]);
  });
});
