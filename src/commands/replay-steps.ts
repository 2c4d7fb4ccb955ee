/** A replay of dead letters from its first step to its last, wherever the steps are done. */
import { LISTED_REFUSALS, type Replayed } from '../app/replay.ts'
import type { DeadLetterPlace } from '../core/dead-letter-view.ts'

/** Step after step, added up. */
export async function toTheEnd(
  step: (cursor: DeadLetterPlace | null) => Promise<Replayed>,
): Promise<Replayed> {
  let total = await step(null)
  while (total.next !== null) {
    const more = await step(total.next)
    total = {
      sent: total.sent + more.sent,
      readings: total.readings + more.readings,
      rejected: total.rejected + more.rejected,
      already: total.already + more.already,
      refused: total.refused + more.refused,
      refusals: [...total.refusals, ...more.refusals].slice(0, LISTED_REFUSALS),
      next: more.next,
    }
  }
  return total
}
