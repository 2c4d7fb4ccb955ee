/**
 * What lies between a write and the disk: records that are written but not flushed are lost in a crash. Whoever tells a
 * sender that its records are durable must wait for the flush.
 */
import type { EventLog, NewRecord } from '../../src/core/ports.ts'

export interface PageCache {
  /** Resolves when the records are told to be durable; never when the process dies before. */
  write(records: readonly NewRecord[]): Promise<void>
  /** Power is cut: what is not flushed is gone. */
  crash(): void
  /** All that was told to be durable. */
  readonly acknowledged: NewRecord[]
  /** Writes under way. */
  pending(): number
}

/**
 * @param flush resolves when the disk has its turn
 * @param waits `false`: it tells so before the flush (a mutation that must be noticed)
 */
export function createPageCache(
  log: Pick<EventLog, 'append'>,
  flush: () => Promise<void>,
  waits: boolean,
): PageCache {
  const unflushed = new Set<object>()
  const acknowledged: NewRecord[] = []
  return {
    acknowledged,
    pending: () => unflushed.size,
    crash: () => unflushed.clear(),
    async write(records) {
      const page = {}
      unflushed.add(page)
      const flushed = flush().then(async () => {
        if (!unflushed.has(page)) return new Promise<void>(() => {})
        unflushed.delete(page)
        await log.append(records)
      })
      if (waits) await flushed
      // It was told already: what comes of the flush reaches nobody.
      else flushed.catch(unheard)
      acknowledged.push(...records)
    },
  }
}

function unheard(): void {}
