// The two integrals under the distributions in use, by the textbook series and continued fractions.

const LANCZOS = [
  676.5203681218851, -1259.1392167224028, 771.3234287776531, -176.6150291621406, 12.507343278686905, -0.13857109526572012,
  9.984369578019572e-6, 1.5056327351493116e-7,
];
const RELATIVE_ERROR = 1e-14;
const TINY = 1e-300;
/** Enough for arguments up to about 1e7; both expansions need in the order of their root. */
const MAX_TERMS = 10_000;

/** Natural logarithm of the gamma function, for x > 0. */
export function logGamma(x: number): number {
  if (x < 0.5) return Math.log(Math.PI / Math.sin(Math.PI * x)) - logGamma(1 - x);
  const shifted = x - 1;
  const series = LANCZOS.reduce((sum, coefficient, index) => sum + coefficient / (shifted + index + 1), 0.9999999999998099);
  const t = shifted + LANCZOS.length - 0.5;
  return 0.5 * Math.log(2 * Math.PI) + (shifted + 0.5) * Math.log(t) - t + Math.log(series);
}

/** Q(a, x): the share of the gamma distribution with shape a that lies above x. */
export function upperGammaRatio(a: number, x: number): number {
  if (x <= 0) return 1;
  const scale = Math.exp(a * Math.log(x) - x - logGamma(a));
  return x < a + 1 ? 1 - scale * lowerGammaSeries(a, x) : scale * upperGammaFraction(a, x);
}

/** I_x(a, b): the share of the beta distribution that lies below x. */
export function betaRatio(x: number, a: number, b: number): number {
  if (x <= 0) return 0;
  if (x >= 1) return 1;
  const scale = Math.exp(logGamma(a + b) - logGamma(a) - logGamma(b) + a * Math.log(x) + b * Math.log1p(-x));
  // The fraction converges fast on one side of the mean only; the symmetry covers the other.
  return x < (a + 1) / (a + b + 2) ? (scale * betaFraction(x, a, b)) / a : 1 - (scale * betaFraction(1 - x, b, a)) / b;
}

function lowerGammaSeries(a: number, x: number): number {
  let term = 1 / a;
  let sum = term;
  for (let n = 1; n < MAX_TERMS && term > sum * RELATIVE_ERROR; n++) {
    term *= x / (a + n);
    sum += term;
  }
  return sum;
}

function upperGammaFraction(a: number, x: number): number {
  return 1 / (x + 1 - a + continuedFraction((n) => ({ numerator: -n * (n - a), denominator: x + 2 * n + 1 - a })));
}

function betaFraction(x: number, a: number, b: number): number {
  return (
    1 /
    (1 +
      continuedFraction((n) => {
        const m = Math.floor(n / 2);
        const numerator =
          n % 2 === 0 ? (m * (b - m) * x) / ((a + 2 * m - 1) * (a + 2 * m)) : (-(a + m) * (a + b + m) * x) / ((a + 2 * m) * (a + 2 * m + 1));
        return { numerator, denominator: 1 };
      }))
  );
}

/** n₁/(d₁ + n₂/(d₂ + …)), by Lentz's method. */
function continuedFraction(term: (n: number) => { numerator: number; denominator: number }): number {
  let value = TINY;
  let c = TINY;
  let d = 0;
  for (let n = 1; n < MAX_TERMS; n++) {
    const { numerator, denominator } = term(n);
    d = 1 / nonZero(denominator + numerator * d);
    c = nonZero(denominator + numerator / c);
    const factor = c * d;
    value *= factor;
    if (Math.abs(factor - 1) < RELATIVE_ERROR) break;
  }
  return value;
}

function nonZero(value: number): number {
  return Math.abs(value) < TINY ? TINY : value;
}
