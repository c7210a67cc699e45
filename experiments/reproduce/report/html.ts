import type { Block, Report, Table } from './document.js';

const ENTITIES: Readonly<Record<string, string>> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;', "'": '&#39;' }; // prettier-ignore

/** Text from data: nothing in it is markup. */
export const escapeHtml = (text: string) => text.replace(/[&<>"']/g, (found) => ENTITIES[found] ?? found); // prettier-ignore

const STYLE = `
:root { color-scheme: light dark; --ink: #1d1f23; --faint: #5d6470; --line: #d9dce1; --paper: #fff; --good: #00704a; --bad: #b3261e; }
@media (prefers-color-scheme: dark) { :root { --ink: #e7e9ec; --faint: #a2a9b4; --line: #3a3f47; --paper: #16181c; --good: #4fc99a; --bad: #ff8a80; } }
* { box-sizing: border-box; }
body { margin: 0 auto; padding: 2rem 1.25rem 4rem; max-width: 60rem; font: 16px/1.55 system-ui, sans-serif; color: var(--ink); background: var(--paper); }
h1 { font-size: 1.7rem; line-height: 1.2; margin: 0 0 1rem; }
h2 { font-size: 1.2rem; margin: 2.5rem 0 0.5rem; padding-top: 0.75rem; border-top: 1px solid var(--line); }
p, li { max-width: 46rem; }
.wide { overflow-x: auto; margin: 1rem 0; }
table { border-collapse: collapse; font-variant-numeric: tabular-nums; font-size: 0.92rem; }
caption { text-align: left; color: var(--faint); padding-bottom: 0.35rem; max-width: 46rem; }
th, td { padding: 0.3rem 0.8rem 0.3rem 0; text-align: right; vertical-align: top; border-bottom: 1px solid var(--line); font-weight: normal; }
th:first-child, td:first-child { text-align: left; }
thead th { color: var(--faint); vertical-align: bottom; }
.holds { color: var(--good); font-weight: 600; }
.fails { color: var(--bad); font-weight: 600; }
figure { margin: 1.25rem 0; }
figure svg, figure img { max-width: 100%; height: auto; }
figcaption { color: var(--faint); font-size: 0.92rem; max-width: 46rem; }
summary { cursor: pointer; margin: 1rem 0; }
pre { overflow-x: auto; font-size: 0.8rem; line-height: 1.45; padding: 0.75rem; border: 1px solid var(--line); }
@media print { body { max-width: none; font-size: 11pt; } h2, figure, tr { break-inside: avoid; } h2 { break-after: avoid; } }
`;

const CLASS: Readonly<Record<string, string>> = { holds: 'holds', 'does not hold': 'fails' };

function cell(text: string, column: number): string {
  const kind = CLASS[text];
  const inside = escapeHtml(text);
  return column === 0
    ? `<th scope="row">${inside}</th>`
    : `<td${kind === undefined ? '' : ` class="${kind}"`}>${inside}</td>`;
}

function tableOf({ caption, head, rows }: Table): string {
  const top = head.map((text) => `<th scope="col">${escapeHtml(text)}</th>`).join('');
  const body = rows.map((row) => `<tr>${row.map(cell).join('')}</tr>`).join('\n');
  return `<div class="wide"><table><caption>${escapeHtml(caption)}</caption>\n<thead><tr>${top}</tr></thead>\n<tbody>\n${body}\n</tbody></table></div>`;
}

function blockOf(block: Block): string {
  switch (block.kind) {
    case 'heading':
      return `<h2>${escapeHtml(block.text)}</h2>`;
    case 'text':
      return `<p>${escapeHtml(block.text)}</p>`;
    case 'list':
      return `<ul>${block.items.map((item) => `<li>${escapeHtml(item)}</li>`).join('')}</ul>`;
    case 'table':
      return tableOf(block);
    case 'code':
      return `<pre>${escapeHtml(block.lines.join('\n'))}</pre>`;
    case 'plot':
      return `<figure>${block.svg}<figcaption>${escapeHtml(block.caption)}</figcaption></figure>`;
    case 'picture':
      return `<figure><img src="${escapeHtml(encodeURI(block.file))}" alt="${escapeHtml(block.caption)}"><figcaption>${escapeHtml(block.caption)}</figcaption></figure>`;
    case 'details':
      return `<details><summary>${escapeHtml(block.summary)}</summary>\n${block.blocks.map(blockOf).join('\n')}\n</details>`;
  }
}

/** A page that needs nothing but the pictures beside it. */
export function toHtml({ title, blocks }: Report): string {
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>${escapeHtml(title)}</title>
<style>${STYLE}</style>
</head>
<body>
<main>
<h1>${escapeHtml(title)}</h1>
${blocks.map(blockOf).join('\n')}
</main>
</body>
</html>
`;
}
