/**
 * Silence as an alert: an asset that says nothing raises `no-data`, and clears it when it speaks again. When nobody says
 * anything, that is no asset's silence: ingest is down, and one alert says so. Time is what ticks sum up, so an outage of
 * ours is nobody's silence, and a replay finds the same. `docs/decisions/0012` has the reasons.
 */
import { type AlertSlot, makeAlertSlots } from './alert.ts'
import type { AssetState } from './asset.ts'
import type { Partition, Step } from './partition.ts'
import type { Pulse, Severity } from './records.ts'

/** Rule of such alerts. */
export const NO_DATA = 'no-data'

/** Stands where an alert names its asset when nobody speaks. Its partition raises that alert. */
export const INGEST = 'forewarn-ingest'

export interface NoDataRule {
  /** Summed `elapsed` without a reading. */
  readonly afterMs: number
  readonly severity: Severity
}

/** Who spoke last, as far as a partition knows. */
export interface Hearing {
  /** The partition's summed `elapsed` when anybody was heard last, here or (by a pulse) elsewhere. */
  heardAtMs: number
  /** The same when somebody spoke again after all had been silent: their silence counts from here. */
  speakingSinceMs: number
  /** Nobody speaks. */
  down: boolean
  /** Assets known to other partitions, at most so far. */
  others: number
  /** The one alert about it; used by the partition of `INGEST`. */
  readonly slot: AlertSlot
}

/** What silence does to an alert: `raise` tells of whom; null = it is over. */
export interface SilenceChange {
  readonly slot: AlertSlot
  /** Epoch ms by the log. */
  readonly at: number
  readonly raise: {
    readonly asset: string
    readonly pipeline: string
    readonly severity: Severity
    /** Event time of the last reading, where one is known. */
    readonly silentSince: number | null
  } | null
}

export function makeHearing(): Hearing {
  return { heardAtMs: 0, speakingSinceMs: 0, down: false, others: 0, slot: makeAlertSlots(1)[0]! }
}

/** An asset has spoken. */
export function hearAsset(
  partition: Partition,
  states: readonly AssetState[],
  offset: number,
  steps: Step[],
): void {
  for (const state of states) {
    if (!state.silent) continue
    state.silent = false
    steps.push({ offset, silence: { slot: silenceSlot(state), at: partition.tickTs ?? 0, raise: null } })
  }
  hearAnybody(partition, offset, steps)
}

/** Another partition tells that somebody has spoken there. */
export function takePulse(partition: Partition, { others }: Pulse, offset: number, steps: Step[]): void {
  partition.hearing.others = Math.max(partition.hearing.others, others)
  hearAnybody(partition, offset, steps)
}

function hearAnybody({ hearing, elapsedMs, tickTs, isHome }: Partition, offset: number, steps: Step[]): void {
  hearing.heardAtMs = elapsedMs
  if (!hearing.down) return
  hearing.down = false
  hearing.speakingSinceMs = elapsedMs
  if (isHome) steps.push({ offset, silence: { slot: hearing.slot, at: tickTs ?? 0, raise: null } })
}

/**
 * Looks for silence at a tick. While nobody has spoken for half of the least `after`, single assets are left alone: when
 * ingest fails they do not fall silent at one instant, and the first must not be taken for a failed sensor.
 */
export function watchSilence(partition: Partition, offset: number, steps: Step[]): void {
  const leastMs = leastAfter(partition)
  if (leastMs === Number.POSITIVE_INFINITY) return
  const { hearing, elapsedMs, assets } = partition
  const quietMs = elapsedMs - hearing.heardAtMs
  const isAlone = assets.size + hearing.others < 2
  if (!isAlone && quietMs >= leastMs) fallSilent(partition, quietMs, offset, steps)
  if (!isAlone && quietMs * 2 >= leastMs) return
  for (const states of assets.values()) {
    for (const state of states) {
      const { noData, name } = partition.pipelines[state.pipeline]!
      if (!noData || state.silent || state.retired) continue
      const sinceMs = Math.max(state.heardAtMs, hearing.speakingSinceMs)
      if (elapsedMs - sinceMs < noData.afterMs) continue
      state.silent = true
      const raise = {
        asset: state.asset,
        pipeline: name,
        severity: noData.severity,
        silentSince: Number.isFinite(state.maxTs) ? state.maxTs : null,
      }
      steps.push({ offset, silence: { slot: silenceSlot(state), at: partition.tickTs ?? 0, raise } })
    }
  }
}

/** True while a tick more could find a silence. */
export function awaitsSilence(partition: Partition): boolean {
  const { pipelines, hearing, assets } = partition
  if (hearing.down || leastAfter(partition) === Number.POSITIVE_INFINITY) return false
  for (const states of assets.values()) {
    if (states.some(({ pipeline, silent, retired }) => pipelines[pipeline]!.noData && !silent && !retired))
      return true
  }
  return false
}

/** Nobody speaks: told under the pipeline that waits the shortest time. */
function fallSilent(partition: Partition, quietMs: number, offset: number, steps: Step[]): void {
  const { hearing, pipelines, tickTs, isHome } = partition
  if (hearing.down) return
  hearing.down = true
  if (!isHome) return
  const leastMs = leastAfter(partition)
  const { name, noData } = pipelines.find((rules) => rules.noData?.afterMs === leastMs)!
  const at = tickTs ?? 0
  const raise = { asset: INGEST, pipeline: name, severity: noData!.severity, silentSince: at - quietMs }
  steps.push({ offset, silence: { slot: hearing.slot, at, raise } })
}

/** The slot of `no-data` stands behind those of the pipeline's rules. */
function silenceSlot({ alerts }: AssetState): AlertSlot {
  return alerts[alerts.length - 1]!
}

function leastAfter({ pipelines }: Partition): number {
  return pipelines.reduce(
    (least, { noData }) => Math.min(least, noData?.afterMs ?? Number.POSITIVE_INFINITY),
    Number.POSITIVE_INFINITY,
  )
}
