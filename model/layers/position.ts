/** A model asks for the same two tables in every step; a ViT-B's takes a million sines. */
const tables = new Map<string, Float32Array>();

/**
 * The fixed sine-cosine position table of VideoMAE: sin at even, cos at odd channels,
 * angle = position / 10000^(2·⌊j/2⌋/width).
 * @returns float32 `[positions, width]`
 */
export function positionTable(positions: number, width: number): Float32Array {
  const key = `${positions}×${width}`;
  const known = tables.get(key);
  if (known !== undefined) return known;
  const table = new Float32Array(positions * width);
  for (let position = 0; position < positions; position++)
    for (let j = 0; j < width; j++) {
      const angle = position / 10000 ** ((2 * Math.floor(j / 2)) / width);
      table[position * width + j] = j % 2 === 0 ? Math.sin(angle) : Math.cos(angle);
    }
  tables.set(key, table);
  return table;
}

/**
 * MAE's position table of a grid: the first half of the channels says the column, the second the row,
 * of each first the sines, then the cosines, angle = place / 10000^(4·j/width).
 * @param width a multiple of 4 @returns float32 `[rows · columns, width]`, row by row
 */
export function gridTable(rows: number, columns: number, width: number): Float32Array {
  const key = `${rows}×${columns}×${width}`;
  const known = tables.get(key);
  if (known !== undefined) return known;
  const table = new Float32Array(rows * columns * width);
  const quarter = width / 4;
  for (let cell = 0; cell < rows * columns; cell++)
    [cell % columns, Math.floor(cell / columns)].forEach((place, half) => {
      for (let j = 0; j < quarter; j++) {
        const angle = place / 10000 ** (j / quarter);
        const at = cell * width + 2 * half * quarter + j;
        table[at] = Math.sin(angle);
        table[at + quarter] = Math.cos(angle);
      }
    });
  tables.set(key, table);
  return table;
}
