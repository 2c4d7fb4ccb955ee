/**
 * What a class of machine brings to the fleet: its channels, the faults that it can have, its duty, and a step
 * of its physics. `pump.ts` and `motor.ts` are the two.
 */
import type { Duty, DutyProfile } from './duty.ts'
import type { FaultKind } from './fault.ts'
import type { Random } from './random.ts'

/** One quantity and the sensor that measures it. */
export interface Channel {
  readonly name: string
  /** SenML or UCUM unit. */
  readonly unit: string
  /** Standard deviation of the noise of one measurement. */
  readonly noise: number
  /** Spread of the fixed offset and of the fixed gain error between sensors. */
  readonly offset: number
  readonly gain: number
  /** Digits behind the point that the sensor tells. */
  readonly decimals: number
}

/** What acts on a machine during a step. */
export interface Influence {
  readonly seconds: number
  readonly duty: Duty
  readonly ambient: number
  /** The fault that it has, if any, and how bad it is, 0…1. */
  readonly fault: FaultKind | null
  readonly severity: number
}

export interface Machine {
  /** One step; writes the true value of each channel, in the order of the class's channels. */
  step(influence: Influence, values: Float64Array): void
}

export interface MachineClass {
  readonly channels: readonly Channel[]
  readonly faults: readonly FaultKind[]
  readonly duty: DutyProfile
  /** @param random this machine's own numbers: how it differs from its sisters, and its unrest */
  create(random: Random): Machine
}

/** Severity of the fault in hand if it is of this kind, else 0. */
export function severityOf(influence: Influence, kind: FaultKind): number {
  return influence.fault === kind ? influence.severity : 0
}

/** Vibrations of independent sources, and currents at right angles, add up by energy: √(Σ v²). */
export function energySum(a: number, b: number, c = 0, d = 0): number {
  return Math.sqrt(a * a + b * b + c * c + d * d)
}
