/** Lanczos' approximation with g = 7; relative error below 1e-14. */
const LANCZOS = [
  0.99999999999980993, 676.5203681218851, -1259.1392167224028, 771.32342877765313,
  -176.61502916214059, 12.507343278686905, -0.13857109526572012, 9.9843695780195716e-6,
  1.5056327351493116e-7,
] as const;

/** ln Γ(x), for x > 0. */
function logGamma(x: number): number {
  const [first, ...others] = LANCZOS;
  const y = x - 1;
  const t = y + 7.5;
  const sum = others.reduce<number>((total, value, i) => total + value / (y + i + 1), first);
  return 0.5 * Math.log(2 * Math.PI) + (y + 0.5) * Math.log(t) - t + Math.log(sum);
}

/** Below it a factor of the continued fraction would divide by nothing. */
const TINY = 1e-300;

/** The continued fraction of the incomplete beta function, by Lentz's method; for x < (a + 1) / (a + b + 2). */
function betaFraction(x: number, a: number, b: number): number {
  const kept = (value: number) => (Math.abs(value) < TINY ? TINY : value);
  let c = 1;
  let d = 1 / kept(1 - ((a + b) * x) / (a + 1));
  let result = d;
  for (let m = 1; m <= 10_000; m++) {
    const even = (m * (b - m) * x) / ((a + 2 * m - 1) * (a + 2 * m));
    const odd = (-(a + m) * (a + b + m) * x) / ((a + 2 * m) * (a + 2 * m + 1));
    let factor = 1;
    for (const term of [even, odd]) {
      d = 1 / kept(1 + term * d);
      c = kept(1 + term / c);
      factor = c * d;
      result *= factor;
    }
    if (Math.abs(factor - 1) < 1e-15) break;
  }
  return result;
}

/** The regularised incomplete beta function I_x(a, b): the beta distribution's share below `x`. */
export function betaShare(x: number, a: number, b: number): number {
  if (x <= 0) return 0;
  if (x >= 1) return 1;
  const front = Math.exp(logGamma(a + b) - logGamma(a) - logGamma(b) + a * Math.log(x) + b * Math.log1p(-x)); // prettier-ignore
  return x < (a + 1) / (a + b + 2)
    ? (front * betaFraction(x, a, b)) / a
    : 1 - (front * betaFraction(1 - x, b, a)) / b;
}

/** The number below which the beta distribution has the share `p`. */
export function betaQuantile(p: number, a: number, b: number): number {
  let [low, high] = [0, 1];
  // The share grows with the number, so halving finds it to the last place.
  for (let i = 0; i < 1100 && low < high; i++) {
    const middle = (low + high) / 2;
    if (middle === low || middle === high) break;
    if (betaShare(middle, a, b) < p) low = middle;
    else high = middle;
  }
  return high;
}

/** The chance that |T| is above |t|, of Student's distribution with so many degrees of freedom. */
export const studentTails = (t: number, freedom: number): number =>
  betaShare(freedom / (freedom + t * t), freedom / 2, 0.5);

/** What |T| is above with a chance of `tails`. */
export function studentQuantile(tails: number, freedom: number): number {
  const x = betaQuantile(tails, freedom / 2, 0.5);
  return Math.sqrt((freedom * (1 - x)) / x);
}
