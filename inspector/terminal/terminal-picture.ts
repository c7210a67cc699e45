import type { Pixels } from '../views/pictures.js';

/** How a terminal shows pictures. `blocks`: two pixels a character; the number is of colours. */
export type Protocol = 'kitty' | 'iterm' | 'blocks-16777216' | 'blocks-256' | 'none';

/** What the terminal says of itself. A multiplexer passes colours on, but no pictures. */
export function protocolOf(env: NodeJS.ProcessEnv, isTerminal: boolean): Protocol {
  const { TERM = '', TERM_PROGRAM = '', COLORTERM = '' } = env;
  const forced = env['FORCE_COLOR'] !== undefined && env['FORCE_COLOR'] !== '0';
  if ((!isTerminal && !forced) || env['NO_COLOR'] || TERM === 'dumb') return 'none';
  const multiplexed = env['TMUX'] !== undefined || /^(screen|tmux)/.test(TERM);
  if (!multiplexed && isTerminal) {
    if (env['KITTY_WINDOW_ID'] !== undefined || /kitty|ghostty/.test(TERM)) return 'kitty';
    if (['iTerm.app', 'WezTerm', 'mintty', 'vscode'].includes(TERM_PROGRAM)) return 'iterm';
  }
  return /truecolor|24bit/.test(COLORTERM) || TERM_PROGRAM !== 'Apple_Terminal'
    ? 'blocks-16777216'
    : 'blocks-256';
}

const ESCAPE = '\u001b';
/** The longest piece that kitty takes. */
const PIECE = 4096;

/** A PNG in kitty's graphics protocol. */
export function kittyPicture(png: Buffer): string {
  const text = png.toString('base64');
  const pieces = Array.from({ length: Math.ceil(text.length / PIECE) }, (_, i) => {
    const more = (i + 1) * PIECE < text.length ? 1 : 0;
    const control = i === 0 ? `f=100,a=T,m=${more}` : `m=${more}`;
    return `${ESCAPE}_G${control};${text.slice(i * PIECE, (i + 1) * PIECE)}${ESCAPE}\\`;
  });
  return `${pieces.join('')}\n`;
}

/** A PNG as iTerm2 takes it. */
export function itermPicture(png: Buffer): string {
  return `${ESCAPE}]1337;File=inline=1;size=${png.length};width=100%:${png.toString('base64')}\u0007\n`;
}

type Colour = readonly [number, number, number];

/** The nearest of the 6 × 6 × 6 colours of xterm. */
function cubeColour([r, g, b]: Colour): number {
  const level = (value: number) => Math.round((value / 255) * 5);
  return 16 + 36 * level(r) + 6 * level(g) + level(b);
}

/** Pixels as characters "▀", each with the colour of the pixel above and of the one below. */
export function blockPicture({ data, width, height }: Pixels, colours: 256 | 16777216): string {
  const at = (x: number, y: number): Colour => {
    const from = (Math.min(y, height - 1) * width + x) * 3;
    return [data[from] ?? 0, data[from + 1] ?? 0, data[from + 2] ?? 0];
  };
  const paint = (layer: 38 | 48, colour: Colour) =>
    colours === 256 ? `${layer};5;${cubeColour(colour)}` : `${layer};2;${colour.join(';')}`;
  const lines: string[] = [];
  for (let y = 0; y < height; y += 2) {
    let line = '';
    for (let x = 0; x < width; x++)
      line += `${ESCAPE}[${paint(38, at(x, y))};${paint(48, at(x, y + 1))}m▀`;
    lines.push(`${line}${ESCAPE}[0m\n`);
  }
  return lines.join('');
}
