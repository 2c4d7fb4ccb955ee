/**
 * The log of the simulation with a gate before and behind each call of a processor, since a crash may come at any of them;
 * and the ways to break the engine there that the simulation must notice.
 */
import { Packr } from 'msgpackr'
import type { EventLog, LogRecord, Processor } from '../../src/core/ports.ts'
import { noteAlerts } from './noted-log.ts'
import type { Turns } from './turns.ts'
import type { World } from './world.ts'

/**
 * `torn-commit` writes effects and position apart; `skip-replay` does not read the log between snapshot and
 * position again; `forget-state` restores nothing and reads on at the position; `forget-silence` restores all but who is
 * silent and who was heard; `keep-nothing` lets retention remove what a restore would read; `early-ack` tells a sender that
 * its records are durable before they are flushed.
 */
export type Mutation =
  | 'torn-commit'
  | 'skip-replay'
  | 'forget-state'
  | 'forget-silence'
  | 'keep-nothing'
  | 'early-ack'

/** What the gates need of a run. */
export interface Gated {
  readonly turns: Turns
  readonly mutation: Mutation | null
  readonly world: World
  /** Alerts that some worker raised and none has cleared since. */
  readonly openAlerts: Set<string>
  replayed: number
}

export function gated(run: Gated, log: EventLog): EventLog {
  return {
    ...log,
    follow: (options) =>
      log.follow({ ...options, open: (partition) => gatedProcessor(run, options.open(partition)) }),
  }
}

function gatedProcessor(run: Gated, processor: Processor): Processor {
  const { turns, mutation, world, openAlerts } = run
  return {
    async restore(state, committed) {
      await turns.gate()
      const from = await processor.restore(broken(state, mutation), committed)
      await turns.gate()
      return mutation === 'skip-replay' || mutation === 'forget-state' ? committed : from
    },
    async process(batch) {
      await turns.gate()
      if (batch.replay) run.replayed++
      const effects = await processor.process(batch)
      noteAlerts(effects.emit, world.topics.alerts, openAlerts)
      await turns.gate()
      return mutation === 'keep-nothing' ? { ...effects, keepFrom: batch.nextOffset } : effects
    },
    committed: (batch) => processor.committed?.(batch),
    async conclude(nextOffset) {
      await turns.gate()
      const effects = await processor.conclude?.(nextOffset)
      await turns.gate()
      return effects ?? { emit: [], state: [], keepFrom: nextOffset }
    },
    close: () => processor.close(),
  }
}

type State = AsyncIterable<readonly LogRecord[]>

function broken(state: State, mutation: Mutation | null): State {
  if (mutation === 'forget-state') return nothing()
  return mutation === 'forget-silence' ? withoutSilence(state) : state
}

async function* nothing(): AsyncGenerator<never> {}

const packr = new Packr({ moreTypes: true, useRecords: false, largeBigIntToFloat: true })

async function* withoutSilence(state: State): AsyncGenerator<LogRecord[]> {
  for await (const records of state) {
    yield records.map((record) => {
      if (record.value === null) return record
      const { hearing, ...stored } = packr.unpack(record.value)
      for (const asset of stored.assets ?? []) delete asset.silent
      return { ...record, value: packr.pack(stored) }
    })
  }
}
