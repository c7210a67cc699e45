/** A row of a table. */
export interface TableRow {
  /** In the order of the columns that were asked for. */
  readonly values: readonly unknown[];
  /** Where it stands, for messages. */
  readonly place: string;
  /** What is wrong with it as a row. */
  readonly problem?: string;
}

/** Rows under names. */
export interface Table {
  readonly names: readonly string[];
  /** Walks the rows from the first; of any number of them a bounded part is in memory. */
  rows(columns: readonly string[]): AsyncIterable<TableRow>;
}
