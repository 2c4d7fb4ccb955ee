/** A log whose processors are watched: which alerts they open, and how often they read a batch again. */
import type { EventLog, NewRecord, Processor } from '../../src/core/ports.ts'
import type { AlertEvent } from '../../src/core/records.ts'

const decoder = new TextDecoder()

/** @param openAlerts ids of alerts that some processor has opened and none has closed */
export function noting(
  log: EventLog,
  alerts: string,
  openAlerts: Set<string>,
  replayed: () => void,
): EventLog {
  return {
    ...log,
    follow: (options) =>
      log.follow({
        ...options,
        open(partition) {
          const processor = options.open(partition)
          return watched(processor, (isReplay, emit) => {
            if (isReplay) replayed()
            noteAlerts(emit, alerts, openAlerts)
          })
        },
      }),
  }
}

function watched(
  processor: Processor,
  seen: (isReplay: boolean, emit: readonly NewRecord[]) => void,
): Processor {
  return {
    restore: (state, committed) => processor.restore(state, committed),
    async process(batch) {
      const effects = await processor.process(batch)
      seen(batch.replay, effects.emit)
      return effects
    },
    committed: (batch) => processor.committed?.(batch),
    conclude: async (nextOffset) =>
      (await processor.conclude?.(nextOffset)) ?? { emit: [], state: [], keepFrom: nextOffset },
    close: () => processor.close(),
  }
}

export function noteAlerts(emit: readonly NewRecord[], alerts: string, openAlerts: Set<string>): void {
  for (const { topic, value } of emit) {
    if (topic !== alerts || value === null) continue
    const { data } = JSON.parse(decoder.decode(value)) as AlertEvent
    if (data.state === 'closed') openAlerts.delete(data.alert)
    else openAlerts.add(data.alert)
  }
}
