/**
 * A fleet of simulated machines: their readings in time order, and the truth about their faults written beside.
 * Pure and seeded: the same counts, options and seed give the same bytes, and a machine's readings do not depend
 * on how many others there are. `publish` sends them over MQTT; training takes them as they are.
 */
import { createAsset, type SimulatedAsset, type Values } from './asset.ts'
import { type Fault, type FaultKind, faultsOf, type PlannedFault } from './fault.ts'
import type { MachineClass } from './machine.ts'
import { MOTOR } from './motor.ts'
import { PUMP } from './pump.ts'
import { createRandom } from './random.ts'

/** Classes of machines by the name that asset ids begin with: `pump-01`. */
export const MACHINE_CLASSES = { pump: PUMP, motor: MOTOR } as const satisfies Record<string, MachineClass>

export type ClassName = keyof typeof MACHINE_CLASSES

/** How many machines of each class. */
export type FleetCounts = Readonly<Partial<Record<ClassName, number>>>

export interface FleetOptions {
  readonly seed: number
  /** Epoch ms of the first interval. */
  readonly startMs: number
  /** Between two readings of a machine. */
  readonly intervalMs: number
  /** Infinity = without end. */
  readonly durationMs: number
  /** Mean faults by chance per machine and day; default 0. */
  readonly faultRate?: number
  /** Least and greatest time from onset to failure of chance faults; default 90 s to 2 h. */
  readonly growthMs?: readonly [number, number]
  /** How long a failed machine runs on before it is as new; default 10 min. */
  readonly repairMs?: number
  /** Faults that are asked for. */
  readonly faults?: readonly PlannedFault[]
  /** Share of time in which a channel says nothing; default 0.005. */
  readonly dropoutShare?: number
  /** Share of readings that get lost; default 0.001. */
  readonly lossShare?: number
}

export interface SimulatedReading {
  readonly asset: string
  /** Epoch ms. */
  readonly ts: number
  readonly values: Values
}

/** The truth about one fault: onset, functional failure (epoch ms) and kind. */
export interface FaultLabel {
  readonly asset: string
  readonly from: number
  readonly to: number
  readonly kind: FaultKind
}

export interface Fleet {
  readonly assets: readonly string[]
  /** In order of onset. A failure may lie behind the end of the run. */
  readonly labels: readonly FaultLabel[]
  /** All readings in time order; each call begins again. */
  readings(): Iterable<SimulatedReading>
}

export const DEFAULT_REPAIR_MS = 600_000
const DEFAULT_GROWTH_MS = [90_000, 7_200_000] as const
const DROPOUT_MEAN_SECONDS = 20

interface Member {
  readonly name: string
  readonly machineClass: MachineClass
  readonly faults: readonly Fault[]
  /** When within the interval it sends. */
  readonly phaseMs: number
}

/** @throws RangeError naming the asset of a planned fault that the fleet does not have or its class cannot */
export function createFleet(counts: FleetCounts, options: FleetOptions): Fleet {
  const members = Object.keys(MACHINE_CLASSES).flatMap((name) =>
    classMembers(name as ClassName, counts[name as ClassName] ?? 0, options),
  )
  checkPlanned(members, options.faults ?? [])
  const labels = members.flatMap(({ name, faults }) =>
    faults.map(({ kind, fromMs, toMs }) => ({ asset: name, from: fromMs, to: toMs, kind })),
  )
  labels.sort((a, b) => a.from - b.from)
  // Stable: members that send at the same millisecond keep their order.
  const inTime = [...members].sort((a, b) => a.phaseMs - b.phaseMs)
  return { assets: members.map(({ name }) => name), labels, readings: () => readingsOf(inTime, options) }
}

function classMembers(className: ClassName, count: number, options: FleetOptions): Member[] {
  const { seed, startMs, durationMs, intervalMs } = options
  const machineClass: MachineClass = MACHINE_CLASSES[className]
  const chance = {
    perDay: options.faultRate ?? 0,
    growthMs: options.growthMs ?? DEFAULT_GROWTH_MS,
    repairMs: options.repairMs ?? DEFAULT_REPAIR_MS,
  }
  return Array.from({ length: count }, (_, i) => {
    const name = `${className}-${String(i + 1).padStart(2, '0')}`
    const planned = (options.faults ?? []).filter(({ asset }) => asset === name)
    const span = { startMs, endMs: startMs + durationMs }
    return {
      name,
      machineClass,
      faults: faultsOf(createRandom(seed, name, 'faults'), machineClass.faults, chance, planned, span),
      phaseMs: createRandom(seed, name, 'phase').below(intervalMs),
    }
  })
}

function checkPlanned(members: readonly Member[], faults: readonly PlannedFault[]): void {
  for (const { asset, kind } of faults) {
    const member = members.find(({ name }) => name === asset)
    if (!member) throw new RangeError(`planned fault: the fleet has no asset '${asset}'`)
    const kinds = member.machineClass.faults
    if (!kinds.includes(kind)) {
      throw new RangeError(`planned fault: ${asset} can't have '${kind}', only ${kinds.join(', ')}`)
    }
  }
}

function* readingsOf(members: readonly Member[], options: FleetOptions): Generator<SimulatedReading> {
  const { startMs, intervalMs, durationMs } = options
  const dropout = { share: options.dropoutShare ?? 0.005, meanSeconds: DROPOUT_MEAN_SECONDS }
  const settings = { seed: options.seed, dropout, lossShare: options.lossShare ?? 0.001 }
  const assets: SimulatedAsset[] = members.map(({ name, machineClass, faults }) =>
    createAsset(name, machineClass, faults, settings),
  )
  for (let at = 0; at < durationMs; at += intervalMs) {
    for (let i = 0; i < members.length; i++) {
      const { name, phaseMs } = members[i]!
      const ts = startMs + at + phaseMs
      const values = assets[i]!.read(ts, intervalMs / 1000)
      if (values) yield { asset: name, ts, values }
    }
  }
}
