/** A report as its parts: what people read as a page and as Markdown is made from the same. */
export type Block =
  | { readonly kind: 'heading'; readonly text: string }
  | { readonly kind: 'text'; readonly text: string }
  | { readonly kind: 'list'; readonly items: readonly string[] }
  | Table
  | { readonly kind: 'code'; readonly lines: readonly string[] }
  | { readonly kind: 'plot'; readonly name: string; readonly svg: string; readonly caption: string }
  | { readonly kind: 'picture'; readonly file: string; readonly caption: string }
  | { readonly kind: 'details'; readonly summary: string; readonly blocks: readonly Block[] };

/** A table whose first column names its rows. */
export interface Table {
  readonly kind: 'table';
  readonly caption: string;
  readonly head: readonly string[];
  readonly rows: readonly (readonly string[])[];
}

export interface Report {
  readonly title: string;
  readonly blocks: readonly Block[];
}
