import assert from 'node:assert/strict';
import { CLASSES, GROUPS, groupOf, type ClassName } from '../../../experiments/evidence/classes.js';
import { encodeScene } from '../../../experiments/evidence/encode.js';
import { actorPlace } from '../../../experiments/evidence/picture.js';
import { sceneOf, type Scene } from '../../../experiments/evidence/scene.js';
import { scratchFolder } from '../../support/media.js';
import { slow } from '../../support/slow.js';
import { decode, hearVoice, judgeBounce, judgePitch, landings, listen, look, seeShape, type Decoded, type Heard, type Seen } from './oracle.js'; // prettier-ignore

/** Clips of each class; of a train and a test clip's parameters in turn. */
const EACH = process.env.AVME_LONG === undefined ? 4 : 40;

interface Clip {
  readonly scene: Scene;
  readonly label: ClassName;
  readonly decoded: Decoded;
  readonly heard: Heard;
  readonly seen: Seen;
}

slow.describe('evidence: what the files themselves tell', function () {
  this.timeout(EACH * 30_000);
  const scratch = scratchFolder();
  const clips: Clip[] = [];

  before(async () => {
    for (let index = 0; index < EACH * CLASSES.length; index++) {
      const split = index % 2 === 0 ? 'train' : 'test';
      // Two neighbouring indices are of two groups; by turns both splits have all classes.
      const label = CLASSES[Math.floor(index / EACH)]!;
      const scene = sceneOf({ seed: 5, split, index }, { disturbance: 1, silent: 0 }, label);
      const path = scratch.path('clip.mp4');
      await encodeScene(scene, 64, path);
      const decoded = await decode(path);
      clips.push({ scene, label, decoded, heard: listen(decoded), seen: look(decoded) });
    }
  });

  const accuracy = (group: string, judge: (clip: Clip) => string): number => {
    const members = clips.filter(({ label }) => groupOf(label) === group);
    const right = members.filter((clip) => judge(clip) === clip.label);
    return right.length / members.length;
  };

  it('have 50 frames and the sound of 2 s', () => {
    for (const { decoded } of clips) {
      assert.equal(decoded.count, 50);
      assert.ok(decoded.sound.length >= 31_900, `${decoded.sound.length} samples`);
    }
  });

  it('picture and sound keep one clock, that of the scene', () => {
    for (const { scene, heard, seen } of clips) {
      const at = actorPlace(scene);
      const misses = seen.height.map((height, frame) => height - (1 - at(frame / 25).y));
      const error = Math.sqrt(misses.reduce((sum, miss) => sum + miss ** 2, 0) / misses.length);
      assert.ok(error < 0.06, `${scene.label}: height is off by ${error}`);
      if (scene.actor.kind === 'singer') continue;
      const told = scene.actor.clicks.map(({ time }) => time);
      for (const click of heard.clicks.filter((time) => time > 0.03)) {
        const miss = Math.min(...told.map((time) => Math.abs(click - time)));
        assert.ok(miss < 0.025, `a click at ${click} s, told at ${told.join(' and ')}`);
      }
    }
  });

  it('voice: the sound tells', () => {
    assert.ok(accuracy('voice', ({ decoded }) => hearVoice(decoded)) >= 0.9);
  });

  it('shape: the picture tells', () => {
    assert.ok(accuracy('shape', ({ seen }) => seeShape(seen)) >= 0.9);
  });

  it('bounce: both in time tell', () => {
    assert.ok(accuracy('bounce', ({ heard, seen }) => judgeBounce(heard, seen)) >= 0.9);
  });

  it('pitch: both in time tell', () => {
    assert.ok(accuracy('pitch', ({ heard, seen }) => judgePitch(heard, seen)) >= 0.9);
  });

  it('with the sound of another clip of the group, whatever its class, timing tells nothing', () => {
    for (const [name, judge] of [['bounce', judgeBounce], ['pitch', judgePitch]] as const) {
      const members = clips.filter(({ label }) => groupOf(label) === name);
      // Every picture with every foreign sound: each judgement is right for one class of three at most.
      let [right, all] = [0, 0];
      for (const picture of members)
        for (const sound of members) {
          if (picture === sound) continue;
          all++;
          if (judge(sound.heard, picture.seen) === picture.label) right++;
        }
      const share = right / all;
      assert.ok(share > 0.15 && share < 0.55, `${name}: ${share} right with foreign sounds`);
    }
  }); // prettier-ignore

  it('finds the landings of a ball twice a clip', () => {
    const balls = clips.filter(({ label }) => groupOf(label) === 'bounce');
    const found = balls.map(({ seen }) => landings(seen).length);
    assert.ok(found.filter((count) => count === 1 || count === 2).length >= 0.9 * balls.length, found.join(' ')); // prettier-ignore
  });

  it('cover all groups', () => {
    assert.deepEqual([...new Set(clips.map(({ label }) => groupOf(label)))], GROUPS.map(({ name }) => name)); // prettier-ignore
  });
});
