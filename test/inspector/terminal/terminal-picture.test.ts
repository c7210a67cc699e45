import assert from 'node:assert/strict';
import { blockPicture, itermPicture, kittyPicture, protocolOf } from '../../../inspector/terminal/terminal-picture.js'; // prettier-ignore

describe('pictures in the terminal', () => {
  it('as the terminal can show them', () => {
    const is = (env: Record<string, string>) =>
      protocolOf({ TERM: 'xterm-256color', ...env }, true);
    assert.equal(is({ KITTY_WINDOW_ID: '1' }), 'kitty');
    assert.equal(is({ TERM: 'xterm-ghostty' }), 'kitty');
    assert.equal(is({ TERM_PROGRAM: 'iTerm.app' }), 'iterm');
    assert.equal(is({ COLORTERM: 'truecolor' }), 'blocks-16777216');
    assert.equal(is({ TERM_PROGRAM: 'Apple_Terminal' }), 'blocks-256');
    assert.equal(is({ KITTY_WINDOW_ID: '1', TMUX: '/tmp/x' }), 'blocks-16777216');
    assert.equal(is({ NO_COLOR: '1' }), 'none');
    assert.equal(is({ TERM: 'dumb' }), 'none');
  });
  it('not where nobody looks, unless that is asked for', () => {
    assert.equal(protocolOf({ TERM: 'xterm-kitty' }, false), 'none');
    assert.equal(protocolOf({ TERM: 'xterm-kitty', FORCE_COLOR: '1' }, false), 'blocks-16777216');
  });
  it('kitty takes pieces, the last of which says so', () => {
    const png = Buffer.alloc(5000, 7);
    const pieces = [...kittyPicture(png).matchAll(/\u001b_G([^;]*);([^\u001b]*)\u001b\\/g)];
    assert.deepEqual(pieces.map(([, control]) => control), ['f=100,a=T,m=1', 'm=0']); // prettier-ignore
    assert.deepEqual(Buffer.from(pieces.map(([, , text]) => text).join(''), 'base64'), png);
  });
  it('iTerm takes all at once', () => {
    const png = Buffer.from('a picture');
    const [, text = ''] = /:([^\u0007:]*)\u0007/.exec(itermPicture(png)) ?? [];
    assert.deepEqual(Buffer.from(text, 'base64'), png);
  });
  it('characters have the colour of the pixel above and of the one below', () => {
    const data = Uint8Array.of(255, 0, 0, 0, 255, 0, 0, 0, 255, 9, 9, 9);
    const pixels = { data, width: 2, height: 2 };
    assert.equal(blockPicture(pixels, 16777216), '\u001b[38;2;255;0;0;48;2;0;0;255m▀\u001b[38;2;0;255;0;48;2;9;9;9m▀\u001b[0m\n'); // prettier-ignore
    assert.equal(blockPicture({ ...pixels, data: data.subarray(0, 6), height: 1 }, 256), '\u001b[38;5;196;48;5;196m▀\u001b[38;5;46;48;5;46m▀\u001b[0m\n'); // prettier-ignore
  });
});
