/** What a fit went through, epoch by epoch: recorded by the fits, kept in the manifest, drawn by `evaluate`. */
import type { Manifest } from '../model/manifest.ts'

/** One net's losses; those of epoch n stand at n − 1. */
export type NetHistory = NonNullable<Manifest['training']['history']>[number]

/** Losses as a fit adds to them. */
export type Losses = Pick<NetHistory, 'loss' | 'heldOutLoss'>

/** Most rows that taught by which their loss is told; of more every n-th is taken. */
export const LEARNED_ROWS = 20_000

export function everyNth(rows: Int32Array, most: number): Int32Array {
  const stride = Math.max(1, Math.ceil(rows.length / most))
  return rows.filter((_, i) => i % stride === 0)
}

/** More digits tell nothing, and the manifest is read by people too. */
const DIGITS = 5

export function noteEpoch({ loss, heldOutLoss }: Losses, learned: number, heldOut: number): void {
  loss.push(shown(learned))
  heldOutLoss.push(shown(heldOut))
}

/** JSON has no word for what is not finite. */
function shown(loss: number): number | null {
  return Number.isFinite(loss) ? Number(loss.toPrecision(DIGITS)) : null
}

/** @returns a line of a model's card; none for a model from before histories were kept */
export function learningLine(history: readonly NetHistory[] = []): string[] {
  if (history.length === 0) return []
  const nets = history.map(({ kept, loss, heldOutLoss }) => {
    const taught = `loss ${loss[kept - 1]} on what taught`
    return `epoch ${kept} of ${loss.length}, ${taught} and ${heldOutLoss[kept - 1]} on what stopped the fit`
  })
  return [`- Kept: ${nets.join('; ')}. The page of \`forewarn evaluate\` draws every epoch.`]
}
