/**
 * Raw features → the net's inputs: missing values filled, each feature centred and scaled as the manifest says.
 * Training and serving both go through here, so that what was trained is what is served (law 6).
 */

/** One number per feature, in the manifest's order. */
export interface Scaling {
  readonly mean: readonly number[]
  readonly std: readonly number[]
  /** Scaled values are held within ±this: an absurd value can't turn a net's sums into infinities. */
  readonly clip: number
  /** What stands for a feature that has no value, in the feature's own unit. */
  readonly missing: readonly number[]
}

/**
 * (x − mean) / std in double precision, held within ±clip, then rounded once to single precision.
 * @param vectors row-major [rows × features]; what is not finite is missing
 * @param fromRow first row to take
 * @param out receives rows × features numbers from its start
 */
export function scaleRows(
  scaling: Scaling,
  vectors: Float64Array,
  fromRow: number,
  rows: number,
  out: Float32Array,
): void {
  const { mean, std, clip, missing } = scaling
  const width = mean.length
  const from = fromRow * width
  for (let row = 0; row < rows; row++) {
    for (let i = 0; i < width; i++) {
      const at = row * width + i
      const raw = vectors[from + at]!
      const value = Number.isFinite(raw) ? raw : missing[i]!
      const scaled = (value - mean[i]!) / std[i]!
      out[at] = Math.min(clip, Math.max(-clip, scaled))
    }
  }
}
