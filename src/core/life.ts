/**
 * The end of assets: forgotten after a long silence, retired by people. Both are decided from the log (ticks,
 * commands), so that a replay ends them at the same place.
 */
import type { Ending } from './alert.ts'
import type { AssetState } from './asset.ts'
import { closeStates, newAssetState, type Partition, type Step, tally } from './partition.ts'
import type { ClosedBy, Command } from './records.ts'
import { INGEST } from './silence.ts'

/** Takes what people ask for; what concerns alerts is settled later, in log order. */
export function takeCommand(partition: Partition, command: Command, offset: number, steps: Step[]): void {
  const states = partition.assets.get(command.asset) ?? []
  if (command.command === 'retire') retire(partition, states, command, offset, steps)
  else if (command.asset === INGEST) {
    steps.push({ offset, command, states: [...states, { alerts: [partition.hearing.slot] }] })
  } else steps.push({ offset, command, states })
}

/**
 * An asset that has been silent too long is forgotten with all that is known of it; should it ever speak again, it is a
 * new one. The silence is that of the log clock: an outage of ours is not an asset's silence.
 */
export function forgetSilent(partition: Partition, offset: number, steps: Step[]): void {
  const { elapsedMs, limits, tickTs } = partition
  if (elapsedMs < partition.forgetDueMs) return
  // What is heard for the first time after this look is forgotten no sooner than this.
  partition.forgetDueMs = elapsedMs + limits.forgetAfterMs
  for (const [asset, states] of partition.assets) {
    const atMs = heardLast(states) + limits.forgetAfterMs
    if (elapsedMs < atMs) {
      partition.forgetDueMs = Math.min(partition.forgetDueMs, atMs)
      continue
    }
    end(partition, states, 'idle', { at: tickTs ?? 0, because: 'forgotten' }, offset, steps)
    for (const { run } of states) tally(partition, 'left-over', run.leftOver)
    tally(partition, 'asset/forgotten')
    partition.assets.delete(asset)
  }
}

/** Summed `elapsed` at which the next asset is forgotten, should nothing more be heard. */
export function nextForgottenMs({ assets, limits }: Partition): number {
  let next = Number.POSITIVE_INFINITY
  for (const states of assets.values()) next = Math.min(next, heardLast(states) + limits.forgetAfterMs)
  return next
}

function heardLast(states: readonly AssetState[]): number {
  let lastMs = Number.NEGATIVE_INFINITY
  for (const { heardAtMs } of states) lastMs = Math.max(lastMs, heardAtMs)
  return lastMs
}

/**
 * Its watermarks stay until it is forgotten, so that a straggler of the time before opens no window a second time.
 */
function retire(
  partition: Partition,
  states: readonly AssetState[],
  { asset, at, by, comment }: Command,
  offset: number,
  steps: Step[],
): void {
  if (states.every(({ retired }) => retired)) {
    tally(partition, 'command/without-effect')
    return
  }
  end(
    partition,
    states,
    'end',
    { at, because: 'retired', by, ...(comment === undefined ? {} : { comment }) },
    offset,
    steps,
  )
  tally(partition, 'command/done')
  tally(partition, 'asset/retired')
  partition.assets.set(
    asset,
    states.map((state) => ({ ...newAssetState(partition, asset, state.pipeline), ...whatStays(state) })),
  )
}

function whatStays({ maxTs, watermark, heardAtMs, recent, run }: AssetState): Partial<AssetState> {
  return { maxTs, watermark, heardAtMs, recent, run, retired: true }
}

/** Windows that are open close, and what they say is settled before the alerts end. */
function end(
  partition: Partition,
  states: readonly AssetState[],
  reason: ClosedBy,
  ending: Ending,
  offset: number,
  steps: Step[],
): void {
  closeStates(partition, states, reason, offset, steps)
  steps.push({ offset, ending, slots: states.flatMap(({ alerts }) => alerts), states })
}
