import type { Block, Report, Table } from './document.js';

/** Text from data: nothing in it is markup, or ends a cell. */
const escape = (text: string) => text.replace(/[\\`*_[\]<>|#]/g, '\\$&').replace(/\s+/g, ' ');

function tableLines({ caption, head, rows }: Table): string[] {
  const line = (cells: readonly string[]) => `| ${cells.map(escape).join(' | ')} |`;
  const rule = head.map((_, i) => (i === 0 ? '---' : '---:'));
  return [`*${escape(caption)}*`, '', line(head), `| ${rule.join(' | ')} |`, ...rows.map(line)];
}

function linesOf(block: Block): string[] {
  switch (block.kind) {
    case 'heading':
      return [`## ${escape(block.text)}`];
    case 'text':
      return [escape(block.text)];
    case 'list':
      return block.items.map((item) => `- ${escape(item)}`);
    case 'table':
      return tableLines(block);
    case 'code':
      return ['```', ...block.lines, '```'];
    case 'plot':
      return [`![${escape(block.caption)}](${encodeURI(block.name)})`];
    case 'picture':
      return [`![${escape(block.caption)}](${encodeURI(block.file)})`];
    case 'details':
      return [
        '<details>',
        `<summary>${escape(block.summary)}</summary>`,
        '',
        ...block.blocks.flatMap((inner) => [...linesOf(inner), '']),
        '</details>',
      ];
  }
}

export function toMarkdown({ title, blocks }: Report): string {
  return `# ${escape(title)}\n\n${blocks.map((block) => linesOf(block).join('\n')).join('\n\n')}\n`;
}
