/** How the code values of a picture of high dynamic range are to be read, by ffmpeg's names. */
export interface HdrColour {
  readonly matrix: string;
  readonly primaries: string;
  readonly transfer: string;
}

/**
 * Tells PQ and HLG by ffmpeg's description of a stream, e.g. `yuv420p10le(tv, bt2020nc/bt2020/smpte2084)`.
 * What a file leaves unsaid is taken for BT.2020: without it, the conversion fails.
 * @returns null for ordinary pictures
 */
export function hdrColour(description: string): HdrColour | null {
  const said = /([\w-]+)\/([\w-]+)\/(smpte2084|arib-std-b67)\b/.exec(description);
  if (said === null) return null;
  const [, matrix = '', primaries = '', transfer = ''] = said;
  return {
    matrix: matrix === 'unknown' ? 'bt2020nc' : matrix,
    primaries: primaries === 'unknown' ? 'bt2020' : primaries,
    transfer,
  };
}

/** ffmpeg's filters to BT.709: light above a screen's white is rolled off instead of cut (Hable's curve). */
export function toneMap({ matrix, primaries, transfer }: HdrColour): string {
  return (
    `zscale=min=${matrix}:pin=${primaries}:tin=${transfer}:p=bt709:t=linear:npl=100,format=gbrpf32le,` +
    'tonemap=hable:desat=0,zscale=t=bt709:m=bt709:r=tv,format=yuv420p'
  );
}
