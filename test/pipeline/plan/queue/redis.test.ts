import assert from 'node:assert/strict';
import { queueOption, withoutPasswords } from '../../../../pipeline/plan/queue/queue-address.js';
import { checkServer, connectionOf, redisWords } from '../../../../pipeline/plan/queue/redis.js';

const URL_ = 'redis://user:secret@host:6379';
const INFO = 'redis_version:7.0.15\r\nmaxmemory_policy:noeviction\r\naof_enabled:1\r\n';

describe("a queue's Redis", () => {
  it('is an address of Redis, with or without TLS', () => {
    for (const good of ['redis://h', 'rediss://u:p@h:1/2', 'redis://127.0.0.1:6379'])
      assert.equal(queueOption.parse(good), good);
    for (const bad of ['h:6379', 'http://h', 'redis://', ''])
      assert.equal(queueOption.safeParse(bad).success, false, bad);
  });

  it('shows no password', () => {
    assert.equal(withoutPasswords(`at ${URL_}: no`), 'at redis://user:…@host:6379: no');
    assert.equal(withoutPasswords('rediss://:a/b:c@h'), 'rediss://:…@h');
    assert.equal(withoutPasswords('redis://h:1'), 'redis://h:1');
    assert.doesNotMatch(redisWords(URL_, new Error('WRONGPASS no')), /secret/);
  });

  it('must be new enough, and must not throw jobs away', () => {
    assert.deepEqual(checkServer(URL_, INFO), []);
    assert.deepEqual(checkServer(URL_, INFO.replace('7.0.15', '6.2.0')), []);
    assert.throws(() => checkServer(URL_, INFO.replace('7.0.15', '6.0.16')), /redis:\/\/user:…@host:6379: a queue needs Redis 6.2 or newer, and this is 6.0.16/); // prettier-ignore
    assert.throws(() => checkServer(URL_, INFO.replace('noeviction', 'allkeys-lru')), /maxmemory-policy is allkeys-lru/); // prettier-ignore
    assert.match(checkServer(URL_, INFO.replace('enabled:1', 'enabled:0'))[0] ?? '', /appendonly is off/); // prettier-ignore
  });

  it('takes the password of redis-cli, unless the address has one', () => {
    const before = process.env['REDISCLI_AUTH'];
    process.env['REDISCLI_AUTH'] = 'word';
    try {
      assert.equal(connectionOf('redis://h').password, 'word');
      assert.equal('password' in connectionOf(URL_), false);
    } finally {
      if (before === undefined) delete process.env['REDISCLI_AUTH'];
      else process.env['REDISCLI_AUTH'] = before;
    }
  });
});
