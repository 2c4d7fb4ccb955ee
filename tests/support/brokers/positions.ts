/**
 * Committed positions of a group on the simulated brokers, as its coordinator keeps them: with a transaction they are
 * pending until its marker comes, and whoever asks meanwhile is told the old one (OffsetFetch before `requireStable`).
 */
import { CODE } from './code.ts'

export interface StoredPosition {
  readonly offset: string
  readonly metadata: string | null
}

interface Committed extends StoredPosition {
  /** Place among all commits: a marker that comes late takes nothing newer back. */
  readonly order: number
}

export interface Positions {
  /** 0, or an error code. @param name `topic/partition` */
  hold(producerId: string, epoch: number, name: string, position: StoredPosition): number
  /** The marker of a producer's transaction. */
  end(producerId: string, epoch: number, isCommit: boolean): void
  get(name: string): StoredPosition | null
  /** Whether a newer position waits for its marker. */
  isPending(name: string): boolean
}

/** @param verify as in `transactions.ts`, for this group */
export function createPositions(verify: (producerId: string, epoch: number) => number): Positions {
  const committed = new Map<string, Committed>()
  const pending = new Map<string, Map<string, Committed>>()
  const epochs = new Map<string, number>()
  let order = 0
  return {
    hold(producerId, epoch, name, position) {
      if (epoch < (epochs.get(producerId) ?? 0)) return CODE.INVALID_PRODUCER_EPOCH
      if (!pending.has(producerId)) {
        const errorCode = verify(producerId, epoch)
        if (errorCode !== 0) return errorCode
        pending.set(producerId, new Map())
      }
      epochs.set(producerId, epoch)
      pending.get(producerId)!.set(name, { ...position, order: order++ })
      return 0
    },
    end(producerId, epoch, isCommit) {
      epochs.set(producerId, Math.max(epoch, epochs.get(producerId) ?? 0))
      for (const [name, position] of pending.get(producerId) ?? []) {
        if (isCommit && position.order >= (committed.get(name)?.order ?? 0)) committed.set(name, position)
      }
      pending.delete(producerId)
    },
    get: (name) => committed.get(name) ?? null,
    isPending: (name) => [...pending.values()].some((positions) => positions.has(name)),
  }
}
