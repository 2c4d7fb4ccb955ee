/**
 * Wear-out faults: what kinds there are, when a machine has one, and how bad it is by now. A machine reads its
 * severity here each step; what a severity does to temperature or vibration is the machine's own physics
 * (`pump.ts`, `motor.ts`).
 */
import type { Random } from './random.ts'

export type FaultKind = 'imbalance' | 'bearing-wear' | 'cavitation' | 'seal-leak' | 'winding-overheating'

/** One fault of one machine, from its true onset to functional failure. Times in epoch ms. */
export interface Fault {
  readonly kind: FaultKind
  readonly fromMs: number
  readonly toMs: number
  /** Growth exponent, see `severityAt`: 0 grows evenly, 3 starts slowly and ends fast. */
  readonly curve: number
  /** Until then the machine runs on, broken; from then on it is as new. */
  readonly repairedMs: number
}

/** A fault that is asked for by name, such as the one of the demo. */
export interface PlannedFault {
  readonly asset: string
  readonly kind: FaultKind
  readonly fromMs: number
  /** From onset to failure. */
  readonly growthMs: number
  /** Growth exponent, 0 by default. */
  readonly curve?: number
}

/** How faults come by chance. */
export interface FaultChance {
  /** Mean faults per machine and day of healthy running; 0 = none. */
  readonly perDay: number
  /** Least and greatest time from onset to failure; drawn evenly over the orders of magnitude. */
  readonly growthMs: readonly [number, number]
  /** From failure to repair. */
  readonly repairMs: number
}

/** Most faults of one machine in one run; an endless run stays healthy after that. */
export const FAULTS_PER_ASSET = 1000

/** Largest growth exponent drawn by chance. */
const STEEPEST_CURVE = 2

const DAY_MS = 86_400_000

/**
 * Severity of a fault: 0 before onset, 1 at functional failure and until repair, between them
 * (e^{c·x} − 1)/(e^c − 1) with x the share of the way from onset to failure: the exponential degradation
 * signal of N. Gebraeel et al., "Residual-life distributions from component degradation signals", IIE
 * Transactions 37, 2005; c → 0 is linear growth.
 */
export function severityAt(fault: Fault, ts: number): number {
  if (ts < fault.fromMs || ts >= fault.repairedMs) return 0
  if (ts >= fault.toMs) return 1
  const share = (ts - fault.fromMs) / (fault.toMs - fault.fromMs)
  return fault.curve < 1e-6 ? share : Math.expm1(fault.curve * share) / Math.expm1(fault.curve)
}

/**
 * The faults of one machine in time order, never two at once: chance ones where the asked-for ones leave room.
 * @param kinds what this class of machine can have
 */
export function faultsOf(
  random: Random,
  kinds: readonly FaultKind[],
  chance: FaultChance,
  planned: readonly PlannedFault[],
  span: { readonly startMs: number; readonly endMs: number },
): Fault[] {
  const asked = planned.map(({ kind, fromMs, growthMs, curve = 0 }): Fault => {
    const toMs = fromMs + growthMs
    return { kind, fromMs, toMs, curve, repairedMs: toMs + chance.repairMs }
  })
  const free = chanceFaults(random, kinds, chance, span).filter(
    (fault) => !asked.some((other) => fault.fromMs < other.repairedMs && other.fromMs < fault.repairedMs),
  )
  return [...asked, ...free].sort((a, b) => a.fromMs - b.fromMs)
}

/** Exponential times between a repair and the next onset: faults without a memory, a Poisson process. */
function chanceFaults(
  random: Random,
  kinds: readonly FaultKind[],
  { perDay, growthMs, repairMs }: FaultChance,
  { startMs, endMs }: { readonly startMs: number; readonly endMs: number },
): Fault[] {
  const faults: Fault[] = []
  if (perDay <= 0) return faults
  let healthyFromMs = startMs
  while (faults.length < FAULTS_PER_ASSET) {
    const fromMs = Math.round(healthyFromMs + random.exponential(DAY_MS / perDay))
    if (fromMs >= endMs) break
    const kind = kinds[random.below(kinds.length)]!
    const toMs = Math.round(fromMs + random.logUniform(growthMs[0], growthMs[1]))
    const curve = random.between(0, STEEPEST_CURVE)
    healthyFromMs = toMs + repairMs
    faults.push({ kind, fromMs, toMs, curve, repairedMs: healthyFromMs })
  }
  return faults
}
