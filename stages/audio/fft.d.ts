declare module 'fft.js' {
  /** Fast Fourier transform of a power of two of values; complex arrays are real and imaginary parts in turn. */
  export default class FFT {
    constructor(size: number);
    createComplexArray(): number[];
    /** Fills the first half of `out`, `[2 · size]`, from 0 to the Nyquist frequency. */
    realTransform(out: number[] | Float64Array, input: ArrayLike<number>): void;
  }
}
