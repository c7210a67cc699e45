/** The shortest ends of paths that tell them apart: `a/run` and `b/run`, but `run` where it is alone. */
export function shortNames(folders: readonly string[]): string[] {
  const parts = folders.map((folder) => folder.split(/[\\/]/).filter((part) => part !== ''));
  const deepest = Math.max(1, ...parts.map(({ length }) => length));
  return parts.map((own) => {
    for (let depth = 1; depth < deepest; depth++) {
      const end = own.slice(-depth).join('/');
      if (parts.filter((other) => other.slice(-depth).join('/') === end).length === 1) return end;
    }
    return own.join('/');
  });
}
