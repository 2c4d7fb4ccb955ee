/** Follows the dead letters for what they tell of clocks. An asset that was never scored, since its clock is wrong, is met here. */
import { assetPattern } from '../core/match.ts'
import type { BoardDeps } from './board.ts'
import type { ClockBook } from './clock-book.ts'
import type { Fleet } from './fleet.ts'
import { followTail, type Tail } from './tail.ts'

/** @param from first offset of each partition */
export function followLetters(
  { log, topics, settings, logger, refused }: BoardDeps,
  from: readonly number[],
  clocks: ClockBook,
  fleet: Fleet,
): Tail {
  const patterns = settings.pipelines.map(({ assets }) => assetPattern(assets))
  const topic = topics['dead-letters']
  return followTail(log, {
    topic,
    from,
    onRecord(record, partition) {
      const asset = clocks.letter(record)
      if (asset === null || !patterns.some((takes) => takes(asset))) return
      if (!fleet.meet(asset, partition)) refused('board-assets')
    },
    onError: (err, partition) => logger.error({ err, topic, partition }, 'board cannot follow'),
  })
}
