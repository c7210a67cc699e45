/** How the gallery lies on the page, in CSS pixels. */
export interface Layout {
  readonly columns: number;
  /** Width of a cell. */
  readonly cell: number;
  /** Height of a row, with the gap below it. */
  readonly row: number;
  readonly rows: number;
  /** Height of the whole list as the scroll bar sees it. */
  readonly height: number;
}

export const GAP = 10;
/** Text below a thumbnail. */
const CAPTION = 42;
/** Browsers cannot lay out boxes higher than some tens of millions of pixels. */
const HIGHEST = 8_000_000;

/** Cells as many as fit, at least two columns. */
export function layoutOf(width: number, total: number): Layout {
  const least = width < 520 ? 92 : 136;
  const columns = Math.max(2, Math.floor((width + GAP) / (least + GAP)));
  const cell = Math.max(1, Math.floor((width - (columns - 1) * GAP) / columns));
  const row = cell + CAPTION + GAP;
  const rows = Math.ceil(total / columns);
  return { columns, cell, row, rows, height: Math.min(HIGHEST, rows * row) };
}

/** What of the list is in view. */
export interface Window {
  /** Rows to draw, [first, last). */
  readonly first: number;
  readonly last: number;
  /** Where row `first` is drawn, from the top of the list. */
  readonly top: number;
}

/** How far one pixel of scrolling goes in the list: 1, or more where the list is higher than a box may be. */
function stretch({ rows, row, height }: Layout, view: number): number {
  const hidden = height - view;
  return hidden <= 0 ? 1 : Math.max(1, (rows * row - view) / hidden);
}

/**
 * @param scrolled pixels above the view @param view height of it
 * @param spare rows drawn above and below it, so that they are there when they come into view
 */
export function windowOf(layout: Layout, scrolled: number, view: number, spare: number): Window {
  const { row, rows } = layout;
  const place = scrolled * stretch(layout, view);
  const first = Math.max(0, Math.min(rows, Math.floor(place / row) - spare));
  const last = Math.min(rows, Math.ceil((place + view) / row) + spare);
  return { first, last, top: scrolled + (first * row - place) };
}

/** How far to scroll for a row to be at the top of the view. */
export function scrollTo(layout: Layout, row: number, view: number): number {
  return Math.max(0, Math.min((row * layout.row) / stretch(layout, view), layout.height - view));
}
