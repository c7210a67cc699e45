import assert from 'node:assert/strict';
import { refusalOf } from '../../../inspector/server/guard.js';
import { openerFor } from '../../../inspector/server/open-browser.js';

const status = (method: string, headers: Record<string, string>) =>
  refusalOf(method, headers)?.status;

describe('who the inspector answers', () => {
  it('this machine by its own names', () => {
    for (const host of ['127.0.0.1:4711', 'localhost', 'LOCALHOST:1', '[::1]:8080'])
      assert.equal(status('GET', { host }), undefined, host);
  });
  it('nobody by another name, as foreign sites use it to get at this machine', () => {
    for (const host of [
      'evil.example',
      '127.0.0.1.evil.example',
      'localhost.evil:80',
      'localhost:80:80',
      'a@localhost',
      '',
      '127.0.0.2',
      '0.0.0.0:4711',
    ])
      // prettier-ignore
      assert.equal(status('GET', { host }), 421, host);
    assert.equal(status('GET', {}), 421);
  });
  it('nothing but looking', () => {
    for (const method of ['POST', 'PUT', 'DELETE', 'OPTIONS', 'TRACE'])
      assert.equal(status(method, { host: 'localhost' }), 405, method);
    assert.equal(status('HEAD', { host: 'localhost' }), undefined);
  });
  it('not the pages of other sites, but whoever follows a link', () => {
    const from = (site: string, more: Record<string, string> = {}) =>
      status('GET', { host: 'localhost', 'sec-fetch-site': site, ...more });
    assert.equal(from('cross-site', { 'sec-fetch-mode': 'no-cors', 'sec-fetch-dest': 'image' }), 403); // prettier-ignore
    assert.equal(from('same-site', { 'sec-fetch-mode': 'cors', 'sec-fetch-dest': 'empty' }), 403);
    assert.equal(from('cross-site', { 'sec-fetch-mode': 'navigate', 'sec-fetch-dest': 'iframe' }), 403); // prettier-ignore
    assert.equal(from('cross-site', { 'sec-fetch-mode': 'navigate', 'sec-fetch-dest': 'document' }), undefined); // prettier-ignore
    assert.equal(from('same-origin'), undefined);
    assert.equal(from('none'), undefined);
  });
});

describe('opening the browser', () => {
  const url = 'http://127.0.0.1:1/';
  it('is the business of the system’s own opener, without a shell', () => {
    assert.deepEqual(openerFor(url, 'darwin', {}), { command: 'open', args: [url] });
    assert.deepEqual(openerFor(url, 'linux', { DISPLAY: ':0' }), { command: 'xdg-open', args: [url] }); // prettier-ignore
    assert.equal(openerFor(url, 'win32', {})?.args.at(-1), url);
  });
  it('is left out where nobody would see it', () => {
    assert.equal(openerFor(url, 'linux', {}), undefined);
    assert.equal(openerFor(url, 'linux', { DISPLAY: ':0', CI: 'true' }), undefined);
    assert.equal(openerFor(url, 'darwin', { CI: '1' }), undefined);
  });
});
