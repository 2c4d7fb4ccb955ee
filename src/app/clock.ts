/** Wall and monotonic time: the one place where the program reads them for the stages. */
import type { Clock } from '../core/ports.ts'

export const systemClock: Clock = {
  now: () => Date.now(),
  monotonic: () => performance.now(),
}
